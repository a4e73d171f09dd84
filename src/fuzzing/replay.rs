//! Replays `fuzz/corpus`: seeds written by hand, and whatever fuzzing has found.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
};

type Entry = fn(&[u8]);

/// The targets of `fuzz/`, in the order of its manifest.
const TARGETS: [(&str, Entry); 6] = [
    ("body", super::body),
    ("cursor", super::cursor),
    ("listing", super::listing),
    ("wait", super::wait),
    ("problem", super::problem),
    ("pem", super::pem),
];

/// The folder `fuzz`; `None` in the published crate, which has neither corpora nor targets. Only
/// there `cargo package` has put the manifest as it was written beside its own.
fn fuzz() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    (!root.join("Cargo.toml.orig").exists()).then(|| root.join("fuzz"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn names(files: &[PathBuf]) -> BTreeSet<String> {
    files.iter().map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

/// Says which file it was: the panic of an invariant does not know.
struct Replayed(PathBuf);

impl Drop for Replayed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("while replaying {}", self.0.display());
        }
    }
}

fn replay(target: &str) {
    let Some(fuzz) = fuzz() else { return };
    let (_, entry) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    let files = files(&fuzz.join("corpus").join(target));
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    for file in files {
        let data = fs::read(&file).expect("a file that can be read");
        let _replayed = Replayed(file);
        entry(&data);
    }
}

#[test]
fn bodies_hold() {
    replay("body");
}

#[test]
fn cursors_hold() {
    replay("cursor");
}

#[test]
fn listings_hold() {
    replay("listing");
}

#[test]
fn waits_hold() {
    replay("wait");
}

#[test]
fn problems_hold() {
    replay("problem");
}

#[test]
fn keys_hold() {
    replay("pem");
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let Some(fuzz) = fuzz() else { return };
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("a manifest");
    let (_, bins) = manifest.split_once("[[bin]]").expect("targets");
    let listed: BTreeSet<_> = bins
        .lines()
        .filter_map(|line| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned()))
        .collect();
    let replayed: BTreeSet<_> = TARGETS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(listed, replayed, "the targets of fuzz/Cargo.toml and those that are replayed");
    assert_eq!(listed, names(&files(&fuzz.join("fuzz_targets"))), "and their sources");
    assert_eq!(listed, names(&files(&fuzz.join("corpus"))), "and their corpora");
}
