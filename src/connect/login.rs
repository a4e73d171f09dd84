//! The login of a user by the browser: where it is sent, and what it comes back with.

mod redirect_uri;
mod returned;

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Error, Result,
    auth::{ConnectClient, TokenSource, UserTokens, stored_object},
    transport::{Transport, opaque_debug},
};

/// The length of 256 bits in base64url.
const SECRET_LENGTH: usize = 43;

/// Settings of a user's login; [`Client::user_login`](super::Client::user_login) makes one.
#[must_use = "a builder starts nothing until `start()` is called"]
pub struct UserLoginBuilder {
    client: Option<ConnectClient>,
    redirect_uri: String,
    scope: Option<String>,
    pkce: bool,
}

opaque_debug!(UserLoginBuilder);

impl UserLoginBuilder {
    pub(super) fn new(client: Option<ConnectClient>, redirect_uri: String) -> Self {
        let scope = client.as_ref().and_then(|client| client.scope().map(str::to_owned));
        Self { client, redirect_uri, scope, pkce: true }
    }

    /// Asks for scopes, separated by spaces; an empty text asks for none. Default: those of
    /// [`ClientBuilder::scope`](super::ClientBuilder::scope).
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Leaves out PKCE (RFC 7636), which binds the code to this login. Default: it is used, with
    /// `S256`.
    ///
    /// The vendor does not mention it. Assumption: its server ignores parameters that it does not
    /// know, as RFC 6749 section 3.1 has it; use this if it refuses them.
    pub fn without_pkce(mut self) -> Self {
        self.pkce = false;
        self
    }

    /// Starts the login: makes the secrets that only this login has; no I/O.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a redirect URI or a scope that cannot
    /// be. [`Configuration`](crate::ErrorKind::Configuration) if the client has no client login,
    /// or one that is not complete, or the system gives no random numbers. The text says which.
    pub fn start(self) -> Result<UserLogin> {
        self.started().map_err(|error| error.with_operation("connect.user_login"))
    }

    fn started(self) -> Result<UserLogin> {
        let client = client_login(self.client.as_ref())?;
        redirect_uri::check(&self.redirect_uri)?;
        let scope = self.scope.as_deref().filter(|scope| !scope.is_empty());
        scope.map_or(Ok(()), check_scope)?;
        let state = random()?;
        let verifier = self.pkce.then(random).transpose()?;
        let challenge =
            verifier.as_ref().map(|verifier| challenge(verifier.expose_secret())).unwrap_or_default();
        let mut parameters = vec![("redirect_uri", &*self.redirect_uri), ("state", state.expose_secret())];
        parameters.extend(scope.map(|scope| ("scope", scope)));
        if verifier.is_some() {
            parameters.extend([("code_challenge", &*challenge), ("code_challenge_method", "S256")]);
        }
        let url = client.authorize_url(&parameters)?.into();
        Ok(UserLogin { url, redirect_uri: self.redirect_uri, state, verifier })
    }
}

/// RFC 6749 section 3.3.
fn check_scope(scope: &str) -> Result<()> {
    let is_scope = scope.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
    let rule = "must be visible ASCII without quotes and backslashes, with spaces in between";
    if is_scope { Ok(()) } else { Err(Error::invalid_input("scope", rule)) }
}

fn client_login(client: Option<&ConnectClient>) -> Result<&ConnectClient> {
    let client = client.ok_or_else(|| {
        let message =
            "the login of users needs a client login; call `client_login(id, secret)` of the builder";
        Error::configuration(message)
    })?;
    client.check()?;
    Ok(client)
}

/// 256 bits that nobody can guess.
fn random() -> Result<SecretString> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::configuration("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// RFC 7636 section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A login of a user that has begun: send the browser to [`url`](Self::url), and keep this until
/// it comes back.
///
/// Keep it in the user's web session, by serde in a format that names its fields, such as JSON, and
/// where nobody else can read it: it holds what tells this login from one that an attacker began.
/// The process that finishes it can be another one, with a client of the same login server and
/// client id. `Debug` shows no secret.
///
/// [`Client::user_login`](super::Client::user_login) shows the whole way.
pub struct UserLogin {
    /// With the state in it.
    url: SecretString,
    redirect_uri: String,
    state: SecretString,
    verifier: Option<SecretString>,
}

impl fmt::Debug for UserLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserLogin").field("pkce", &self.verifier.is_some()).finish_non_exhaustive()
    }
}

impl UserLogin {
    /// Where to send the browser, by a redirect or in the system's browser. Do not log it: the
    /// `state` in it is for this user alone.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// The code with which the browser came back to this client.
    pub(super) fn code_for(&self, client: Option<&ConnectClient>, returned: &str) -> Result<SecretString> {
        let own = client_login(client)?.authorize_url(&[])?;
        if !self.url().strip_prefix(&own).is_some_and(|rest| rest.starts_with('&')) {
            let rule = "was started by a client of another login server or client id";
            return Err(Error::invalid_input("login", rule));
        }
        returned::code(returned, self.state.expose_secret())
    }
}

/// Finishes a login; what is wrong with the arguments is known before anything is sent.
pub(super) async fn finish(
    transport: &Transport,
    client: Option<&ConnectClient>,
    login: UserLogin,
    code: Result<SecretString>,
) -> Result<UserTokens> {
    let outcome = async {
        let code = code?;
        let context = transport.login_context()?;
        let client = client_login(client)?;
        client.redeem(&context, &code, &login.redirect_uri, login.verifier.as_ref()).await
    };
    outcome.await.map_err(|error| error.with_operation("connect.finish_user_login"))
}

impl Serialize for UserLogin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let verifier = self.verifier.as_ref().map(|verifier| ("code_verifier", verifier.expose_secret()));
        let fields = [
            Some(("url", self.url())),
            Some(("redirect_uri", &self.redirect_uri)),
            Some(("state", self.state.expose_secret())),
            verifier,
        ];
        serializer.collect_map(fields.into_iter().flatten())
    }
}

#[derive(Deserialize)]
struct Stored {
    url: SecretString,
    redirect_uri: String,
    state: SecretString,
    code_verifier: Option<SecretString>,
}

impl<'de> Deserialize<'de> for UserLogin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { url, redirect_uri, state, code_verifier: verifier } = stored_object(deserializer)?;
        // An empty state would match a browser that brings none.
        let is_ours = |secret: &SecretString| secret.expose_secret().len() == SECRET_LENGTH;
        if !is_ours(&state) || !verifier.as_ref().is_none_or(is_ours) {
            return Err(de::Error::custom("this is not a login that was started here"));
        }
        Ok(Self { url, redirect_uri, state, verifier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(verifier.len(), SECRET_LENGTH);
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let secrets: std::collections::BTreeSet<_> =
            (0..100).map(|_| random().expect("random").expose_secret().to_owned()).collect();
        assert_eq!(secrets.len(), 100);
        let is_url_safe =
            |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        assert!(secrets.iter().all(|secret| secret.len() == SECRET_LENGTH && is_url_safe(secret)));
    }
}
