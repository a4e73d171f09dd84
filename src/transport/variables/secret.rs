//! Secrets from environment variables, or from the files that such variables name.

use std::{fs::File, io::Read};

use secrecy::{SecretString, zeroize::Zeroizing};

use super::Variables;
use crate::Result;

/// No secret is as large; a wrong path can lead to a device without an end.
const LARGEST_FILE: usize = 64 << 10;

/// A secret, and the variable to name where it cannot be used.
pub(crate) struct Secret {
    pub(crate) value: SecretString,
    pub(crate) variable: &'static str,
}

impl Variables {
    /// The secret of a variable, or of the file that the other variable names.
    pub(crate) fn secret(&mut self, [direct, in_file]: [&'static str; 2]) -> Result<Option<Secret>> {
        match (self.values.remove(direct), self.text(in_file)) {
            (Some(_), Some(_)) => Err(self.beside(direct, in_file)),
            (Some(value), None) => Ok(Some(Secret { value, variable: direct })),
            (None, Some(path)) => {
                Ok(Some(Secret { value: self.content(in_file, &path)?, variable: in_file }))
            }
            (None, None) => Ok(None),
        }
    }

    /// What is wrong where both are set.
    pub(crate) fn beside(&self, name: &str, other: &str) -> crate::Error {
        self.refused(name, format_args!("is set beside `{other}`; set one"))
    }

    /// The text of a small file without its last line end, which no secret has and editors add.
    fn content(&self, name: &str, path: &str) -> Result<SecretString> {
        let unreadable =
            |error: std::io::Error| self.refused(name, "names a file that cannot be read").with_source(error);
        // Large enough at once, so that growing leaves no copies behind.
        let mut content = Zeroizing::new(Vec::with_capacity(LARGEST_FILE + 1));
        let file = File::open(path).map_err(unreadable)?;
        file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() > LARGEST_FILE {
            return Err(self.refused(name, "names a file of more than 64 KiB"));
        }
        let Ok(text) = std::str::from_utf8(&content) else {
            return Err(self.refused(name, "names a file that is not valid UTF-8"));
        };
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(self.refused(name, "names a file without content"));
        }
        Ok(text.into())
    }
}
