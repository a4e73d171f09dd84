//! Turns `specs/*.yaml` into typed models and request-making clients, one per enabled feature,
//! and into JSON for the checker of the fakes.

#[path = "build/mod.rs"]
mod build;

use std::{env, fs, path::Path, process::ExitCode};

/// Feature, module and document of each service.
const SERVICES: [(&str, &str, &str); 3] = [
    ("SYMPHONY", "symphony", "specs/symphony.yaml"),
    ("CRM_GATEWAY", "crm_gateway", "specs/crm-gateway.yaml"),
    ("CONNECT", "connect", "specs/connect.yaml"),
];

/// Conditions that several features share, so that the sources need not repeat them.
const SHARED: [(&str, &[&str]); 3] = [
    ("any_service", &["SYMPHONY", "CRM_GATEWAY", "CONNECT"]),
    ("any_listing", &["SYMPHONY", "CRM_GATEWAY"]),
    ("any_grant", &["CRM_GATEWAY", "CONNECT"]),
];

fn main() -> ExitCode {
    for (condition, features) in SHARED {
        println!("cargo::rustc-check-cfg=cfg({condition})");
        if features.iter().copied().any(is_enabled) {
            println!("cargo::rustc-cfg={condition}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let mut outcome = ExitCode::SUCCESS;
    for (feature, service, document) in SERVICES {
        println!("cargo::rerun-if-changed={document}");
        if !is_enabled(feature) {
            continue;
        }
        if let Err(message) = write_service(service, document) {
            eprintln!("{message}");
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}

fn is_enabled(feature: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
}

fn write_service(service: &str, document: &str) -> Result<(), String> {
    let text = fs::read_to_string(document).map_err(|error| format!("{document}: {error}"))?;
    let source = build::rust_source(document, service, &text).map_err(|found| found.to_string())?;
    write(&format!("{service}.rs"), &source)?;
    // The checker of the fakes reads the whole document.
    if is_enabled("FAKE_CHECKS") {
        let whole = build::parse(document, &text).map_err(|found| found.to_string())?;
        write(&format!("{service}.json"), &whole.to_string())?;
    }
    Ok(())
}

fn write(name: &str, content: &str) -> Result<(), String> {
    let folder = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?;
    let target = Path::new(&folder).join(name);
    fs::write(&target, content).map_err(|error| format!("{}: {error}", target.display()))
}
