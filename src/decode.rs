//! Decoding of bodies, with errors that name a place and never a value.

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind};

/// Decodes a JSON body. The error names the place, never a value: a value can be personal.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // One check of the whole text is cheaper than serde_json's per string.
    let text = std::str::from_utf8(body).map_err(|error| {
        let place = error.valid_up_to();
        let message = format!("the body is not UTF-8 at byte {place}");
        Error::new(ErrorKind::UnexpectedAnswer, message)
    })?;
    serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            // The library tells it by its words alone.
            serde_json::error::Category::Syntax if error.to_string().starts_with("recursion limit") => {
                "JSON with more levels than any answer has"
            }
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Eof => "cut-off JSON",
            _ => "JSON of another shape than documented",
        };
        let message = format!("the body is {what} (line {}, column {})", error.line(), error.column());
        Error::new(ErrorKind::UnexpectedAnswer, message)
    })
}
