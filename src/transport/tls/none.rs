//! No TLS feature is enabled: plain `http` only.

use std::{
    error::Error as StdError,
    panic::{AssertUnwindSafe, catch_unwind},
};

use reqwest::{Client, ClientBuilder};

use crate::{Error, Result, transport::network::Network};

pub(in crate::transport) fn configure(
    builder: ClientBuilder,
    _secure: bool,
    network: &Network,
) -> Result<ClientBuilder> {
    match network.certificate_setting() {
        Some(method) => Err(Error::configuration(format!(
            "`{method}` needs TLS, but no TLS feature is enabled; enable `rustls` or `native-tls`"
        ))),
        None => Ok(builder),
    }
}

/// Another crate may have enabled TLS of reqwest's, which then wants a provider of the process
/// even for plain `http`, and panics without one. Which of its backends there are cannot be seen
/// from here, so that none can be chosen.
pub(in crate::transport) fn build(builder: ClientBuilder) -> Result<reqwest::Result<Client>> {
    catch_unwind(AssertUnwindSafe(|| builder.build())).map_err(|_| {
        Error::configuration(
            "another crate of the application enabled `rustls-no-provider` of reqwest, and no provider is \
             installed; enable the feature `rustls` or `native-tls` of this crate, or install one",
        )
    })
}

pub(super) fn failure(_error: &(dyn StdError + 'static)) -> Option<&'static str> {
    None
}

pub(super) fn is_refused_certificate(_error: &(dyn StdError + 'static)) -> bool {
    false
}

#[cfg(all(test, any_service))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_setting_of_certificates_needs_a_tls_feature() {
        type Set = fn(&mut Network);
        let settings: [(&str, Set); 3] = [
            ("`root_certificates`", |network| network.root_certificates.push(Arc::new([]))),
            ("`without_platform_roots`", |network| network.without_platform_roots = true),
            ("`client_certificate`", |network| {
                network.client_certificate = Some(Arc::new(Vec::new().into()));
            }),
        ];
        for (method, set) in settings {
            let mut network = Network::default();
            set(&mut network);
            let error = configure(Client::builder(), false, &network).expect_err(method).to_string();
            assert!(error.contains(method) && error.contains("no TLS feature is enabled"), "{error}");
        }
        configure(Client::builder(), false, &Network::default()).map(drop).expect("nothing was asked for");
    }
}
