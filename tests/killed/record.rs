//! What the application wrote down: one line for each item, with the cursor behind it.
//!
//! Item and cursor are one record, so that neither is there without the other: that makes of "go on
//! with the next item" an "exactly once". Here the record is a line, `id<TAB>cursor as JSON`, and it
//! counts when its line end is there; a kill can leave half of one behind, which is cut off before
//! the listing goes on. In a database the two would be one transaction.
//!
//! What was written to a file survives the end of the process. It need not survive that of the
//! machine: against that, call `File::sync_data` before you rely on a record. A lost one is then
//! no harm, because its cursor is lost with it.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use entitlements::Cursor;

/// The file of a run, which goes away with it.
pub(crate) struct Record(PathBuf);

impl Drop for Record {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Record {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (process, number) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("entitlements-killed-{name}-{process}-{number}"));
        File::create(&path).expect("a file");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn read(&self) -> Written {
        Written::read(&self.0)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.read().lines.into_iter().map(|line| line.id).collect()
    }
}

pub(crate) struct Line {
    pub(crate) id: String,
    cursor: String,
}

impl Line {
    pub(crate) fn cursor(&self) -> Cursor {
        serde_json::from_str(&self.cursor).expect("a cursor")
    }
}

/// The complete lines of a file.
pub(crate) struct Written {
    pub(crate) lines: Vec<Line>,
    /// Whether something follows that is no complete line.
    pub(crate) is_torn: bool,
    /// How many bytes the complete lines take.
    length: u64,
}

impl Written {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("the file");
        let length = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let complete = std::str::from_utf8(&text[..length]).expect("UTF-8");
        let line = |line: &str| {
            let (id, cursor) = line.split_once('\t').expect("id and cursor");
            Line { id: id.to_owned(), cursor: cursor.to_owned() }
        };
        let lines = complete.lines().map(line).collect();
        Self { lines, is_torn: length < text.len(), length: length as u64 }
    }
}

/// The file as the application writes it.
pub(crate) struct Writer(File);

impl Writer {
    /// Goes on behind the last complete line, whose cursor it gives.
    pub(crate) fn open(path: &Path) -> (Self, Option<Cursor>) {
        let mut written = Written::read(path);
        let file = OpenOptions::new().append(true).open(path).expect("the file");
        file.set_len(written.length).expect("half a line is cut off");
        (Self(file), written.lines.pop().map(|line| line.cursor()))
    }

    /// Writes one line, with a moment in its middle to be killed in.
    pub(crate) fn write(&mut self, id: &str, cursor: &Cursor, mut in_step: impl FnMut(&mut dyn FnMut())) {
        let line = format!("{id}\t{}\n", serde_json::to_string(cursor).expect("JSON"));
        // Anywhere before the line end.
        let middle = usize::try_from(cursor.items_so_far()).expect("small") * 7919 % line.len();
        let (first, second) = line.as_bytes().split_at(middle);
        for part in [first, second] {
            in_step(&mut || self.0.write_all(part).expect("written"));
        }
    }
}
