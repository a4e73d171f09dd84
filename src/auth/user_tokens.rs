//! The tokens of a user who logged in with ConnectID, as an application can keep them.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use super::{Token, grant::Granted, stored};
use crate::{Result, field};

/// The tokens of a user who logged in with ConnectID.
///
/// An application gets them at the end of the browser login, from
/// [`Client::finish_user_login`](crate::connect::Client::finish_user_login), and hands them to
/// [`Client::as_user`](crate::connect::Client::as_user). `Debug` does not show them.
///
/// ```
/// use std::time::Duration;
/// use entitlements::auth::UserTokens;
///
/// let tokens = UserTokens::new("not-a-real-access-token")
///     .refresh_token("not-a-real-refresh-token")
///     .expires_in(Duration::from_secs(43_199));
/// assert!(!format!("{tokens:?}").contains("not-a-real"));
/// ```
///
/// # In a store of your own
///
/// They can be written and read with serde, in a format that names its fields, such as JSON. What
/// is written is secret: keep it as you would a password. Written are `access_token`,
/// `refresh_token` if there is one, and `expires_at`, the end of the access token in seconds since
/// 1970, if it is known. So tokens can be kept for as long as you like; an access token whose time
/// is over is not sent any more, but refreshed.
///
/// [`UserClient::tokens`](crate::connect::UserClient::tokens) has the newest ones. Save them after
/// calls, because a renewal can end the refresh token before it.
///
/// ```
/// use entitlements::auth::UserTokens;
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let kept = r#"{"access_token":"not-a-real-token","expires_at":1767225600}"#;
/// let tokens: UserTokens = serde_json::from_str(kept)?;
/// assert_eq!(serde_json::to_string(&tokens)?, kept);
/// # Ok(()) }
/// ```
///
/// The answer of a token endpoint can be read as well; other fields are ignored. The end is read
/// like this:
///
/// | field | reading |
/// | --- | --- |
/// | `expires_at` | seconds since 1970; it wins over `expires_in` |
/// | `expires_in` | as [`expires_in`](Self::expires_in): from the moment when a client gets the tokens |
/// | either as a text | the number in it |
/// | either negative | over already |
/// | neither, or no number | not known: the token serves until the server refuses it |
#[derive(Debug, Clone)]
pub struct UserTokens {
    access_token: SecretString,
    pub(super) refresh_token: Option<SecretString>,
    end: End,
}

/// When the access token ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// When the server refuses it.
    Unknown,
    /// So long after a client got it.
    In(Duration),
    At(SystemTime),
}

impl End {
    /// An end that no clock reaches is none.
    fn after(start: SystemTime, lifetime: Duration) -> Self {
        start.checked_add(lifetime).map_or(Self::Unknown, Self::At)
    }
}

impl UserTokens {
    /// An access token. Without a refresh token it serves until it expires.
    pub fn new(access_token: impl Into<String>) -> Self {
        Self { access_token: SecretString::from(access_token.into()), refresh_token: None, end: End::Unknown }
    }

    /// Adds the refresh token, which keeps the user logged in: 30 days by default.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.refresh_token = Some(SecretString::from(token.into()));
        self
    }

    /// Sets how long the access token lasts, as the token endpoint says it. Default: until the
    /// server refuses it.
    ///
    /// It counts from the moment when a client gets the tokens, or when they are written by serde,
    /// so give them to one at once, or set [`expires_at`](Self::expires_at). The last one of the
    /// two holds.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.end = End::In(lifetime);
        self
    }

    /// Sets when the access token ends, by the wall clock. Default: when the server refuses it.
    /// The last one of this and [`expires_in`](Self::expires_in) holds.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use entitlements::auth::UserTokens;
    ///
    /// let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    /// let tokens = UserTokens::new("not-a-real-token").expires_at(end);
    /// assert!(serde_json::to_string(&tokens).is_ok_and(|kept| kept.contains("1767225600")));
    /// ```
    #[must_use]
    pub fn expires_at(mut self, end: SystemTime) -> Self {
        self.end = End::At(end);
        self
    }

    /// What a token request that was sent at `asked_at` gave. A token that cannot be sent is
    /// refused.
    pub(super) fn granted(granted: &Granted, asked_at: SystemTime) -> Result<Self> {
        let header = granted.token.header()?;
        let value = header.to_str().ok().and_then(|header| header.strip_prefix("Bearer "));
        let mut tokens = Self::new(value.unwrap_or_default());
        tokens.refresh_token.clone_from(&granted.refresh_token);
        if let Some(lifetime) = granted.token.lifetime() {
            tokens.end = End::after(asked_at, lifetime);
        }
        Ok(tokens)
    }

    /// The same with an end by the wall clock, where a client gets them now.
    pub(super) fn received(mut self, now: SystemTime) -> Self {
        if let End::In(lifetime) = self.end {
            self.end = End::after(now, lifetime);
        }
        self
    }

    /// The access token for the cache, unless its time is over.
    pub(super) fn token(&self, now: SystemTime) -> Option<Token> {
        let token = Token::new(self.access_token.expose_secret());
        let left = match self.end {
            End::Unknown => return Some(token),
            End::In(lifetime) => lifetime,
            End::At(end) => end.duration_since(now).unwrap_or_default(),
        };
        (!left.is_zero()).then(|| token.expires_in(left))
    }

    /// Takes the place of tokens whose refresh token goes on where this has none.
    pub(super) fn after(mut self, earlier: &Self) -> Self {
        if self.refresh_token.is_none() {
            self.refresh_token.clone_from(&earlier.refresh_token);
        }
        self
    }

    /// In seconds since 1970, rounded down.
    fn end_in_seconds(&self) -> Option<u64> {
        let end = match self.end {
            End::Unknown => return None,
            End::In(lifetime) => SystemTime::now().checked_add(lifetime)?,
            End::At(end) => end,
        };
        Some(end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs())
    }
}

impl Serialize for UserTokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (refresh_token, end) = (&self.refresh_token, self.end_in_seconds());
        let fields = 1 + usize::from(refresh_token.is_some()) + usize::from(end.is_some());
        let mut map = serializer.serialize_map(Some(fields))?;
        map.serialize_entry("access_token", self.access_token.expose_secret())?;
        if let Some(token) = refresh_token {
            map.serialize_entry("refresh_token", token.expose_secret())?;
        }
        if let Some(end) = end {
            map.serialize_entry("expires_at", &end)?;
        }
        map.end()
    }
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default, deserialize_with = "field::text")]
    access_token: Option<String>,
    #[serde(default, deserialize_with = "field::text")]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "field::text_if_any")]
    expires_at: Option<String>,
    #[serde(default, deserialize_with = "field::text_if_any")]
    expires_in: Option<String>,
}

impl<'de> Deserialize<'de> for UserTokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored: Stored = stored::object(deserializer)?;
        let given = |token: Option<String>| token.filter(|token| !token.is_empty());
        let access_token = given(stored.access_token);
        let access_token = access_token.ok_or_else(|| de::Error::custom("there is no `access_token`"))?;
        let mut tokens = Self::new(access_token);
        tokens.refresh_token = given(stored.refresh_token).map(SecretString::from);
        let seconds = |text: Option<String>| text.as_deref().and_then(seconds);
        if let Some(since_1970) = seconds(stored.expires_at) {
            tokens.end = End::after(SystemTime::UNIX_EPOCH, since_1970);
        } else if let Some(lifetime) = seconds(stored.expires_in) {
            tokens.end = End::In(lifetime);
        }
        Ok(tokens)
    }
}

/// What is negative is over. More than any clock can show is not known.
fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(if number < 0.0 { 0.0 } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;

    const NOW: u64 = 1_767_225_600;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn read(json: &str) -> UserTokens {
        decode::json(json.as_bytes()).expect(json)
    }

    /// The time that is left at `NOW`; `None` if it is over, zero if it is not known.
    fn left(tokens: UserTokens) -> Option<u64> {
        let token = tokens.received(at(NOW)).token(at(NOW))?;
        Some(token.lifetime().map_or(0, |lifetime| lifetime.as_secs()))
    }

    #[test]
    fn every_way_to_write_the_end_has_its_documented_reading() {
        const UNKNOWN: Option<u64> = Some(0);
        const OVER: Option<u64> = None;
        let cases = [
            (r#""expires_at":1767225700"#, Some(100)),
            (r#""expires_at":"1767225700""#, Some(100)),
            (r#""expires_at":1767225700.5"#, Some(100)),
            (r#""expires_at":1767225600"#, OVER),
            (r#""expires_at":0"#, OVER),
            (r#""expires_at":-1"#, OVER),
            (r#""expires_in":43199"#, Some(43_199)),
            (r#""expires_in":"43199""#, Some(43_199)),
            (r#""expires_in":" 43199 ""#, Some(43_199)),
            (r#""expires_in":43199.0"#, Some(43_199)),
            (r#""expires_in":0"#, OVER),
            (r#""expires_in":-1"#, OVER),
            (r#""expires_in":"-43199""#, OVER),
            (r#""expires_at":1767225700,"expires_in":43199"#, Some(100)),
            (r#""expires_at":null,"expires_in":43199"#, Some(43_199)),
            (r#""expires_in":null"#, UNKNOWN),
            (r#""expires_in":"soon""#, UNKNOWN),
            (r#""expires_in":"nan""#, UNKNOWN),
            (r#""expires_in":true"#, UNKNOWN),
            (r#""expires_in":[1]"#, UNKNOWN),
            (r#""expires_at":{"seconds":1}"#, UNKNOWN),
            (r#""expires_at":"2026-01-01T00:00:00Z""#, UNKNOWN),
            (r#""expires_at":18446744073709551615"#, UNKNOWN),
            (r#""expires_in":1e300"#, UNKNOWN),
            (r#""scope":"read","token_type":"bearer""#, UNKNOWN),
        ];
        for (fields, expected) in cases {
            let tokens = read(&format!(r#"{{"access_token":"a","refresh_token":"r",{fields}}}"#));
            assert_eq!(left(tokens), expected, "{fields}");
        }
    }

    #[test]
    fn what_is_written_has_an_end_by_the_wall_clock() {
        let write = |tokens: &UserTokens| serde_json::to_value(tokens).expect("JSON");
        let json = serde_json::json!({ "access_token": "a", "refresh_token": "r", "expires_at": NOW });
        assert_eq!(write(&UserTokens::new("a").refresh_token("r").expires_at(at(NOW))), json);
        let later = UserTokens::new("a").expires_in(Duration::from_secs(60)).received(at(NOW));
        assert_eq!(write(&later), serde_json::json!({ "access_token": "a", "expires_at": NOW + 60 }));
        for unknown in [UserTokens::new("a"), UserTokens::new("a").expires_in(Duration::MAX)] {
            assert_eq!(write(&unknown), serde_json::json!({ "access_token": "a" }));
        }
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(write(&UserTokens::new("a").expires_at(early))["expires_at"], 0);

        let before = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        let relative = write(&UserTokens::new("a").expires_in(Duration::from_secs(60)));
        let end = relative["expires_at"].as_u64().expect("a number");
        assert!((before + 60..before + 90).contains(&end) && relative.get("expires_in").is_none());
    }

    #[test]
    fn what_holds_no_access_token_is_refused_without_quoting_it() {
        let bad = [
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":null,"refresh_token":"plainly-fake"}"#,
            r#"{"access_token":["plainly-fake"]}"#,
            r#"{"access_token":{"plainly-fake":"plainly-fake"}}"#,
            r#"{"access_token":"plainly-fake","refresh_token":["plainly-fake"]}"#,
            r#"{"access_token":"plainly-fake""#,
            r#"["plainly-fake"]"#,
            r#""plainly-fake""#,
            r#""{\"access_token\":\"plainly-fake\"}""#,
        ];
        for json in bad {
            let error = serde_json::from_str::<UserTokens>(json).expect_err(json).to_string();
            assert!(!error.contains("plainly-fake"), "{error}");
        }
        assert!(read(r#"{"access_token":"a","refresh_token":""}"#).refresh_token.is_none());
    }
}
