//! Credentials from environment variables.
//!
//! Either a token that somebody else obtained, or all that a login needs, or nothing.

use secrecy::ExposeSecret;
#[cfg(feature = "connect")]
use secrecy::SecretString;

#[cfg(any_grant)]
use super::ClientAuthentication;
#[cfg(feature = "symphony")]
use super::JwtSigner;
#[cfg(feature = "crm-gateway")]
use super::Keycloak;
use super::{Auth, StaticToken, Token};
use crate::{
    Result,
    transport::{Secret, Variables},
};

/// A variable and the one that names a file instead.
type Pair = [&'static str; 2];

const TOKEN: Pair = ["TOKEN", "TOKEN_FILE"];

/// A token that somebody else obtained. What belongs to a login would be without effect beside it.
pub(crate) fn token(variables: &mut Variables, login: &[&'static str]) -> Result<Option<Auth>> {
    let Some(token) = variables.secret(TOKEN)? else { return Ok(None) };
    if let Some(other) = variables.first_of(login) {
        return Err(variables.beside(token.variable, other));
    }
    let value = token.value.expose_secret();
    if Token::new(value).header().is_err() {
        return Err(variables.refused(token.variable, "gives characters that no bearer token may hold"));
    }
    Ok(Some(StaticToken::new(value).into()))
}

/// A text without which the variable that is set is of no use.
fn text(variables: &mut Variables, name: &str, set: &str) -> Result<String> {
    variables.text(name).ok_or_else(|| variables.refused(name, format_args!("is not set, but `{set}` is")))
}

/// A secret without which the variable that is set is of no use.
fn secret(variables: &mut Variables, names: Pair, set: &str) -> Result<Secret> {
    let [direct, in_file] = names;
    variables.secret(names)?.ok_or_else(|| {
        variables.refused(direct, format_args!("is not set, nor is `{in_file}`, but `{set}` is"))
    })
}

#[cfg(feature = "symphony")]
const PRIVATE_KEY: Pair = ["PRIVATE_KEY", "PRIVATE_KEY_FILE"];

/// Who is calling Symphony.
#[cfg(feature = "symphony")]
pub(crate) fn symphony(variables: &mut Variables) -> Result<Option<Auth>> {
    const KEY_NAME: &str = "KEY_NAME";
    const LOGIN: [&str; 5] = [KEY_NAME, PRIVATE_KEY[0], PRIVATE_KEY[1], "TOKEN_LIFETIME", "BACKDATE"];
    let token = token(variables, &LOGIN)?;
    let Some(set) = variables.first_of(&LOGIN) else { return Ok(token) };
    let key_name = text(variables, KEY_NAME, set)?;
    if key_name.chars().any(char::is_control) {
        return Err(variables.refused(KEY_NAME, "has control characters"));
    }
    let key = secret(variables, PRIVATE_KEY, set)?;
    let mut signer = JwtSigner::from_pem(key_name, key.value.expose_secret()).map_err(|error| {
        let reason = error.message();
        variables.refused(key.variable, format_args!("gives no key that can be used: {reason}"))
    })?;
    if let Some(lifetime) = variables.time("TOKEN_LIFETIME")? {
        signer = signer.lifetime(lifetime);
    }
    if let Some(backdate) = variables.time("BACKDATE")? {
        signer = signer.backdate(backdate);
    }
    Ok(Some(signer.into()))
}

#[cfg(any_grant)]
const CLIENT_SECRET: Pair = ["CLIENT_SECRET", "CLIENT_SECRET_FILE"];

/// How a client's secret is sent.
#[cfg(any_grant)]
pub(crate) fn client_authentication(variables: &mut Variables) -> Result<Option<ClientAuthentication>> {
    let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
        "basic" => Some(ClientAuthentication::Basic),
        "form" => Some(ClientAuthentication::Form),
        _ => None,
    };
    variables.parsed("CLIENT_AUTHENTICATION", "must be `basic` or `form`", parse)
}

/// Who is calling the CRM Gateway.
#[cfg(feature = "crm-gateway")]
pub(crate) fn crm_gateway(variables: &mut Variables, plain_http: bool) -> Result<Option<Auth>> {
    const PASSWORD: Pair = ["PASSWORD", "PASSWORD_FILE"];
    const USER: [&str; 3] = ["USERNAME", PASSWORD[0], PASSWORD[1]];
    const LOGIN: [&str; 12] = [
        "TOKEN_URL",
        "KEYCLOAK_URL",
        "REALM",
        "CLIENT_ID",
        CLIENT_SECRET[0],
        CLIENT_SECRET[1],
        USER[0],
        USER[1],
        USER[2],
        "GRANT",
        "SCOPE",
        "CLIENT_AUTHENTICATION",
    ];
    let token = token(variables, &LOGIN)?;
    let Some(set) = variables.first_of(&LOGIN) else { return Ok(token) };
    let mut login = keycloak(variables, set)?.client_id(text(variables, "CLIENT_ID", set)?);
    if plain_http {
        login = login.allow_plain_http();
    }
    let grant = "must be `password` or `client_credentials`";
    let by_password = variables.parsed("GRANT", grant, |text| match text.to_ascii_lowercase().as_str() {
        "password" => Some(true),
        "client_credentials" => Some(false),
        _ => None,
    })?;
    let client_secret = if by_password == Some(false) {
        if let Some(user) = variables.first_of(&USER) {
            return Err(variables.refused(user, "is set beside `GRANT=client_credentials`; set one"));
        }
        login = login.client_credentials();
        Some(secret(variables, CLIENT_SECRET, "GRANT=client_credentials")?)
    } else {
        let Some(username) = variables.text(USER[0]) else {
            let rule = format!("is not set, but `{set}` is, without `GRANT=client_credentials`");
            return Err(variables.refused(USER[0], rule));
        };
        let password = secret(variables, PASSWORD, USER[0])?;
        login = login.password(username, password.value.expose_secret());
        variables.secret(CLIENT_SECRET)?
    };
    if let Some(secret) = client_secret {
        login = login.client_secret(secret.value.expose_secret());
    }
    if let Some(authentication) = client_authentication(variables)? {
        login = login.client_authentication(authentication);
    }
    if let Some(scope) = variables.text("SCOPE") {
        login = login.scope(scope);
    }
    Ok(Some(login.into()))
}

/// A login at the token URL, whichever way it is given.
#[cfg(feature = "crm-gateway")]
fn keycloak(variables: &mut Variables, set: &str) -> Result<Keycloak> {
    const WHOLE: &str = "TOKEN_URL";
    const PARTS: [&str; 2] = ["KEYCLOAK_URL", "REALM"];
    if let Some(url) = variables.text(WHOLE) {
        return match variables.first_of(&PARTS) {
            Some(part) => Err(variables.beside(WHOLE, part)),
            None => Ok(Keycloak::new(url)),
        };
    }
    let Some(part) = variables.first_of(&PARTS) else {
        let rule = format!("is not set, nor are `KEYCLOAK_URL` and `REALM`, but `{set}` is");
        return Err(variables.refused(WHOLE, rule));
    };
    let base_url = text(variables, PARTS[0], part)?;
    Ok(Keycloak::realm(&base_url, &text(variables, PARTS[1], part)?))
}

/// What the variables of Connect say about the login as a client, and the token.
#[cfg(feature = "connect")]
pub(crate) struct ConnectVariables {
    pub(crate) token: Option<Auth>,
    pub(crate) login: Option<(String, SecretString)>,
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) scope: Option<String>,
}

/// Who is calling Connect. How a client logs in can be set without the client, which code may add.
#[cfg(feature = "connect")]
pub(crate) fn connect(variables: &mut Variables) -> Result<ConnectVariables> {
    const CLIENT: [&str; 3] = ["CLIENT_ID", CLIENT_SECRET[0], CLIENT_SECRET[1]];
    const LOGIN: [&str; 5] = [CLIENT[0], CLIENT[1], CLIENT[2], "SCOPE", "CLIENT_AUTHENTICATION"];
    let token = token(variables, &LOGIN)?;
    let login = match variables.first_of(&CLIENT) {
        Some(set) => {
            let id = text(variables, CLIENT[0], set)?;
            Some((id, secret(variables, CLIENT_SECRET, set)?.value))
        }
        None => None,
    };
    let authentication = client_authentication(variables)?;
    Ok(ConnectVariables { token, login, authentication, scope: variables.text("SCOPE") })
}
