//! A place in a listing that can be kept and taken up again in another process.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Source, place::Place};
use crate::{Error, Result};

/// The form of the cursors that this version writes and reads.
const VERSION: u32 = 1;

/// Where a listing stands: behind the last item that it delivered.
///
/// [`Pager::cursor`](crate::Pager::cursor) gives it, after any item and after any error. Keep it,
/// as JSON or in another format of `serde`, and hand it to `resume` of the same request later, in this process or
/// another one: the listing goes on with the next item. Save it in one step with what you did with the item, in the
/// same transaction or the same file; then nothing is done twice or left out, wherever the process dies.
///
/// It names the page, the place in it, and the ids of the last items (at most eight, and eight that stand before it), so that the
/// place is found again where items were added or removed meanwhile. If none of these is found, the listing goes on
/// where the next item should be by the counts, and
/// [`changed_while_reading`](crate::Pager::changed_while_reading) is true; see [`Pager`](crate::Pager) for what a change
/// can cost. Looking for them takes a request for each page around the place that the totals suggest, at most a
/// hundred in either direction. The page that holds the place is fetched again for that, unless Symphony's cursor for the next one is known
/// and the page was used up.
///
/// It also says of which request it is. A cursor of another request or server is refused with
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) by the first `next`, before anything is sent; one of
/// another version of this format, or a text that is none, by `serde`. Then start the listing from its beginning.
///
/// **It can hold personal data**: Symphony's own cursors hold an e-mail address, and the ids name
/// advisors and entitlements. So `Debug` shows none of it; its JSON shows all. It holds no credential.
///
/// How long a server accepts its own cursor is not documented for Symphony; pages by number do
/// not expire.
///
/// ```no_run
/// use entitlements::{Cursor, symphony::{Client, ExternalNetwork}};
///
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut advisors = client.list_entitled_advisors(ExternalNetwork::WhatsApp).stream();
/// advisors.try_next().await?;
/// std::fs::write("cursor.json", serde_json::to_vec(&advisors.cursor())?)?;
///
/// // Later, perhaps in another process:
/// let cursor: Cursor = serde_json::from_slice(&std::fs::read("cursor.json")?)?;
/// println!("{} advisors were listed before.", cursor.items_so_far());
/// let mut rest = client.list_entitled_advisors(ExternalNetwork::WhatsApp).resume(cursor).stream();
/// # Ok(()) }
/// ```
///
/// The example `listing_resume` in the repository is a process that crashes in the middle of a page and goes on.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Cursor {
    version: u32,
    operation: String,
    request: Fingerprint,
    place: Place,
}

impl Cursor {
    pub(super) fn new<T>(source: &dyn Source<T>, place: Place) -> Self {
        Self {
            version: VERSION,
            operation: source.operation().to_owned(),
            request: source.fingerprint().clone(),
            place,
        }
    }

    /// How many items the listing delivered before this place, those of earlier processes included. For a message or
    /// a progress bar.
    #[must_use]
    pub fn items_so_far(&self) -> u64 {
        self.place.items
    }

    pub(super) fn into_place(self) -> Place {
        self.place
    }

    /// Whether it is one of this listing.
    pub(super) fn check<T>(&self, source: &dyn Source<T>) -> Result<()> {
        let refuse = |rule: String| Err(Error::invalid_input("cursor", rule));
        let operation = source.operation();
        if self.operation != operation {
            // What is written there came from outside.
            return refuse(format!("is of another operation than {operation}"));
        }
        if self.request != *source.fingerprint() {
            return refuse(
                "is of a listing with other arguments or of another server; resume with the request that it \
                 was taken from, or start the listing again"
                    .to_owned(),
            );
        }
        let mut pages = std::iter::once(&self.place.page).chain(&self.place.next);
        let is_possible = self.place.is_possible() && pages.all(|page| source.is_place(page));
        if !is_possible {
            return refuse("names a place that this listing cannot have; start the listing again".to_owned());
        }
        Ok(())
    }
}

/// Only what holds nothing personal.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("version", &self.version)
            .field("items_so_far", &self.place.items)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            version: u32,
            operation: String,
            request: Fingerprint,
            place: Place,
        }
        // The error of what is no cursor would quote it, and it can be personal.
        let written = Written::deserialize(deserializer).map_err(|_| {
            let message =
                format!("this is no cursor of version {VERSION}, which this crate reads; start again");
            de::Error::custom(message)
        })?;
        let Written { version, operation, request, place } = written;
        if version != VERSION {
            let message = format!(
                "the cursor is of version {version}, and this crate reads version {VERSION}; start again"
            );
            return Err(de::Error::custom(message));
        }
        Ok(Self { version, operation, request, place })
    }
}

/// What a listing asks for, in 16 digits that are the same in every process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// Of the server's address and all that decides which items come in which order.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        // FNV-1a, because the standard library's hashes may change from version to version. It
        // guards against mistakes, and not against somebody who makes a cursor by hand.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for part in parts {
            part.bytes().for_each(&mut add);
            // No text holds this byte, so that no two lists of parts run into one.
            add(0xff);
        }
        Self(format!("{hash:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> std::result::Result<Cursor, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    const WRITTEN: &str = r#"{"version":1,"operation":"a.b","request":"00","place":{"page":{"after":"ada@acme.example"},"next":null,"offset":1,"last":["1"],"strays":[],"items":1,"pages":1,"total":null}}"#;

    #[test]
    fn it_is_readable_as_json_and_stays_as_it_is() {
        let cursor = read(WRITTEN).expect("a cursor");
        assert_eq!(serde_json::to_string(&cursor).expect("writes"), WRITTEN);
        assert_eq!(format!("{cursor:?}"), "Cursor { version: 1, items_so_far: 1, .. }");
    }

    #[test]
    fn what_is_none_is_refused_without_quoting_it() {
        let other = read(&WRITTEN.replace("\"version\":1", "\"version\":2")).expect_err("another version");
        assert_eq!(other, "the cursor is of version 2, and this crate reads version 1; start again");
        let garbage = [
            "null",
            "{}",
            r#""ada@acme.example""#,
            r#"{"version":1}"#,
            &WRITTEN.replace("after", "ada@acme.example"),
            &WRITTEN.replace("\"offset\":1", "\"offset\":-1"),
            &WRITTEN.replace("\"offset\":1", "\"offset\":\"ada@acme.example\""),
        ];
        for json in garbage {
            let error = read(json).expect_err(json);
            assert!(error.starts_with("this is no cursor of version 1"), "{error}");
            assert!(!error.contains("ada@"), "{error}");
        }
    }

    #[test]
    fn a_fingerprint_tells_the_parts_apart_and_is_the_same_for_ever() {
        let of = |parts: &[&str]| Fingerprint::of(parts.iter().copied());
        assert_eq!(of(&["https://a.example", "WECHAT"]).0, "0a7137e32b7d2239");
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
    }
}
