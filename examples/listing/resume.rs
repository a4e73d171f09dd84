//! A listing that goes on with the next item after a crash, in another process.
//!
//! `cargo run --example listing_resume --features fakes`
//!
//! It starts a local fake and then itself again, as a process that lists advisors until it crashes, until one of
//! them gets to the end. Nothing leaves this machine. It panics if anything is not as expected.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use entitlements::{
    Cursor,
    auth::StaticToken,
    fakes::symphony::{Fake, Tenant, User},
    symphony::{self, ExternalNetwork},
};
use serde::{Deserialize, Serialize};

/// Plainly fake: the fake accepts what it is told to.
const TOKEN: &str = "plainly-fake-token";
const ADVISORS: usize = 20;

/// What was done, and where the listing stood then. Saved together, neither can be ahead of the other.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    names: Vec<String>,
    cursor: Option<Cursor>,
}

impl Progress {
    fn load(file: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(if file.exists() { serde_json::from_slice(&fs::read(file)?)? } else { Self::default() })
    }

    /// A crash leaves the old file or the new one, and never half of one.
    fn save(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(self)?)?;
        Ok(fs::rename(new, file)?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments[..] {
        [url, file] => list(url, Path::new(file)).await,
        _ => supervise().await,
    }
}

/// Lists advisors from where the last process stopped, and crashes in the middle of the eighth.
async fn list(url: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut progress = Progress::load(file)?;
    let client = symphony::Client::builder(url).auth(StaticToken::new(TOKEN)).build()?;
    // The same request each time; a cursor of another one would be refused.
    let mut listing = client.list_entitled_advisors(ExternalNetwork::WhatsApp);
    if let Some(cursor) = progress.cursor.take() {
        println!("  process {} goes on after {} advisors", process::id(), cursor.items_so_far());
        listing = listing.resume(cursor);
    } else {
        println!("  process {} begins", process::id());
    }
    // What was fetched ahead and not delivered is no part of the cursor.
    let mut advisors = listing.stream().prefetch(1);
    let mut handled = 0;
    while let Some(advisor) = advisors.try_next().await? {
        handled += 1;
        if handled == 8 {
            println!("  process {} crashes", process::id());
            process::abort();
        }
        progress.names.extend(advisor.first_name);
        // It holds an e-mail address: keep it where you keep such data.
        progress.cursor = Some(advisors.cursor());
        progress.save(file)?;
    }
    println!("  process {} gets to the end", process::id());
    Ok(())
}

/// Starts processes until one gets to the end, and looks at what all of them did together.
async fn supervise() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::default().advisors(ExternalNetwork::WhatsApp, ADVISORS, |number| {
        let (id, email) = (format!("3517750014{number:05}"), format!("advisor{number}@acme.example"));
        User::new(id, email, name(number), "Example")
    });
    let fake = Fake::builder().tenant(tenant).accept_token(TOKEN).page_size(6).start().await;
    println!("{ADVISORS} advisors, on pages of 6:");

    let folder = Folder::new()?;
    let file = folder.0.join("progress.json");
    let mut crashes = 0;
    loop {
        let mut command = Command::new(env::current_exe()?);
        command.arg(fake.base_url()).arg(&file);
        // Waits in a thread of its own, because the fake has to answer meanwhile.
        let status = tokio::task::spawn_blocking(move || command.status()).await??;
        if status.success() {
            break;
        }
        // These are the codes of an error and of a panic; an abort is neither.
        assert!(!matches!(status.code(), Some(1 | 101)), "a process failed: {status}");
        assert!(crashes < ADVISORS, "the processes crash without getting any further");
        crashes += 1;
    }

    let together = Progress::load(&file)?.names;
    println!("Together they list {} advisors, after {crashes} crashes.", together.len());
    assert_eq!(together, (0..ADVISORS).map(name).collect::<Vec<_>>(), "each once and in order");
    assert_eq!(crashes, 2);
    println!("Everything was as expected.");
    Ok(())
}

fn name(number: usize) -> String {
    format!("Advisor {number}")
}

/// A temporary folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Box<dyn Error>> {
        let path = env::temp_dir().join(format!("listing-resume-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = fs::remove_dir_all(&self.0);
    }
}
