//! ConnectID, the login in front of Connect: as the client itself, and what a client does for users.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::{
    ClientAuthentication, Context, Token, TokenSource, UserTokens,
    grant::{Failure, Granted, Stage, TokenEndpoint, one_line},
};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// The client of an application: where it logs in, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct ConnectClient {
    endpoint: TokenEndpoint,
    scope: Option<String>,
}

impl ConnectClient {
    pub(crate) fn new(login_server: &str, plain_http: bool, id: &str, secret: SecretString) -> Self {
        let url = format!("{}/oauth/{TOKEN}", login_server.trim_end_matches('/'));
        let mut endpoint = TokenEndpoint::new(&url, plain_http);
        id.clone_into(&mut endpoint.client_id);
        endpoint.client_secret = Some(secret);
        Self { endpoint, scope: None }
    }

    pub(crate) fn authenticate_by(&mut self, authentication: ClientAuthentication) {
        self.endpoint.authentication = authentication;
    }

    pub(crate) fn set_scope(&mut self, scope: Option<String>) {
        self.scope = scope;
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }
}

const TOKEN: &str = "token";

/// The browser login (RFC 6749 section 4.1).
impl ConnectClient {
    /// Where a browser is sent to log a user in to this client. All such addresses of a client
    /// begin with the one that has no further parameters.
    ///
    /// Source: the vendor's page "OAuth 2.0" and its panel of the user mode.
    pub(crate) fn authorize_url(&self, parameters: &[(&str, &str)]) -> Result<String> {
        let token_url = self.endpoint.url.as_ref().map_err(|error| error.share())?.as_str();
        let mut url = format!("{}authorize", token_url.strip_suffix(TOKEN).unwrap_or(token_url));
        let own = [("response_type", "code"), ("client_id", &self.endpoint.client_id)];
        for (index, (name, value)) in own.iter().chain(parameters).enumerate() {
            url.extend([if index == 0 { "?" } else { "&" }, name, "="]);
            // A strict server reads `+` in a URL as a plus.
            url.extend(form_urlencoded::byte_serialize(value.as_bytes()).map(|part| match part {
                "+" => "%20",
                part => part,
            }));
        }
        Ok(url)
    }

    /// Redeems an authorization code. A code is good for one use, so the request is not repeated
    /// where the server may have seen it.
    pub(crate) async fn redeem(
        &self,
        context: &Context,
        code: &SecretString,
        redirect_uri: &str,
        verifier: Option<&SecretString>,
    ) -> Result<UserTokens> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect_uri),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier.expose_secret())));
        let asked_at = context.clock().wall();
        let granted = self.endpoint.grant_once(context, &fields).await.map_err(not_redeemed)?;
        UserTokens::granted(&granted, asked_at)
    }

    /// Renews a user's tokens.
    ///
    /// No password is at hand to log in again, so a refresh whose answer was lost is tried once
    /// more; this server family gives the same refresh token again, so that is likely to work.
    pub(super) async fn refresh(&self, context: &Context, token: &SecretString) -> Result<Granted, Failure> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        match self.endpoint.grant_once(context, &fields).await {
            Err(failure) if failure.stage == Stage::PerhapsSpent => {
                self.endpoint.grant_once(context, &fields).await
            }
            outcome => outcome,
        }
    }
}

fn not_redeemed(failure: Failure) -> Error {
    let error = match failure.error.kind() {
        ErrorKind::NotSent | ErrorKind::Configuration => failure.error,
        _ => failure.error.with_attempts(1),
    };
    let message = match failure.stage {
        Stage::NotSent | Stage::Busy | Stage::ClientRefused | Stage::Refused | Stage::Unusable => {
            return error;
        }
        Stage::PerhapsSpent => {
            "the login server did not answer for the code, which can be used once; start the login again"
        }
        Stage::GrantRefused => {
            "the login server refused the code: it is used up or too old, or was not for this client, \
             redirect URI or code verifier; start the login again"
        }
    };
    error.with_kind(ErrorKind::LoginRequired).with_message(message)
}

/// Logs in as the client itself; a new token is simply asked for again.
impl TokenSource for ConnectClient {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async {
            let mut fields = vec![("grant_type", "client_credentials")];
            fields.extend(self.scope().map(|scope| ("scope", scope)));
            let granted = self.endpoint.grant(context, &fields).await;
            granted.map(|granted| granted.token).map_err(|failure| failure.error)
        })
    }

    fn endpoint(&self) -> Option<&Url> {
        self.endpoint.url.as_ref().ok()
    }

    fn check(&self) -> Result<()> {
        one_line("scope", self.scope().unwrap_or_default())?;
        self.endpoint.check()
    }
}
