//! The secrets: plainly fake, and unlike anything else that is told.

use std::sync::OnceLock;

use entitlements::fakes::symphony::PLAINLY_FAKE_KEY;

use super::finder::Finder;

pub(crate) const CLIENT: &str = "crm_client";
/// With all that URLs, forms and JSON write in another way.
pub(crate) const PASSWORD: &str = "pw fake+%41 \u{f8}/\"(1)!~Zq7";
pub(crate) const CLIENT_SECRET: &str = "cs fake+%2F \u{f8}=\"(2)!~Kx9";
/// A name is personal.
pub(crate) const USER: &str = "grace.mc-fake@personal.example";
pub(crate) const PROXY_USER: &str = "proxy fake+n\u{f8}me";
pub(crate) const PROXY_PASSWORD: &str = "pp fake+%25 \u{f8}:@(3)!~Wv3";
/// An address among the arguments of calls.
pub(crate) const ADVISOR: &str = "hedy.fake@advisor.example";
/// A header that a deployment wants.
pub(crate) const API_KEY: &str = "kf-5c1e-plainly-fake-api-key-9d";

/// In three parts, as a JWT. The claims name the user.
pub(crate) const ACCESS: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImZha2UtYWNjZXNzIn0.\
    eyJwcmVmZXJyZWRfdXNlcm5hbWUiOiJncmFjZS5tYy1mYWtlQHBlcnNvbmFsLmV4YW1wbGUiLCJ0eXAiOiJCZWFyZXIifQ.\
    YWNjZXNzLXNpZ25hdHVyZS10aGF0LWlzLXBsYWlubHktZmFrZQ";
pub(crate) const REFRESH: &str = "eyJhbGciOiJIUzUxMiIsImtpZCI6ImZha2UtcmVmcmVzaCJ9.\
    eyJqdGkiOiJmYWtlLXJlZnJlc2gtNzcxMiIsInR5cCI6IlJlZnJlc2gifQ.\
    cmVmcmVzaC1zaWduYXR1cmUtdGhhdC1pcy1wbGFpbmx5LWZha2U";
/// Connect's tokens are texts without a meaning.
pub(crate) const USER_ACCESS: &str = "ua+fake/77e1~Jd0-plainly-not-a-token==";
pub(crate) const USER_REFRESH: &str = "ur+fake/93b4~Mm5-plainly-not-a-token==";

/// All of them in one line, for a server that repeats what it should not.
pub(crate) fn all_in_one_line() -> String {
    [PASSWORD, CLIENT_SECRET, USER, ACCESS, REFRESH, USER_ACCESS, USER_REFRESH, API_KEY].join(" ")
}

/// Looks for those above and for the private key. Tokens that are made on the way come beside them.
pub(crate) fn finder() -> &'static Finder {
    static FINDER: OnceLock<Finder> = OnceLock::new();
    FINDER.get_or_init(|| {
        let mut finder = Finder::default();
        for (name, secret) in [
            ("password", PASSWORD),
            ("client secret", CLIENT_SECRET),
            ("user name", USER),
            ("proxy user", PROXY_USER),
            ("proxy password", PROXY_PASSWORD),
            ("advisor", ADVISOR),
            ("API key", API_KEY),
            ("access token", ACCESS),
            ("refresh token", REFRESH),
            ("user's access token", USER_ACCESS),
            ("user's refresh token", USER_REFRESH),
        ] {
            finder.add(name, secret);
        }
        finder.add_key("private key", PLAINLY_FAKE_KEY);
        finder
    })
}
