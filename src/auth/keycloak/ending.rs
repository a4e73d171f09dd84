//! The end of a session that was asked for: logout and revocation.

use bytes::Bytes;
use reqwest::Url;
use secrecy::ExposeSecret;
use serde::de::IgnoredAny;

use super::{Context, Keycloak, Session, Token};
use crate::{
    Error, ErrorKind, Result,
    auth::grant::{Answered, Failure, Stage},
    decode,
    transport::checked_url,
};

impl Keycloak {
    pub(super) async fn end_session(&self, context: &Context) -> Result<()> {
        let url = self.neighbour(self.logout_url.as_deref(), "logout")?;
        let Some(session) = self.take() else { return Ok(()) };
        let fields = [("refresh_token", session.refresh_token.expose_secret())];
        let answered = self.endpoint.post(context, &url, &fields).await.and_then(without_content);
        match answered {
            Ok(()) => Ok(()),
            // It had ended before.
            Err(failure) if failure.stage == Stage::GrantRefused => Ok(()),
            Err(failure) => {
                self.put(Some(session));
                Err(failure.error.with_operation("keycloak.log_out"))
            }
        }
    }

    pub(super) async fn revoke_tokens(&self, token: Option<&Token>, context: &Context) -> Result<()> {
        let url = self.neighbour(self.revocation_url.as_deref(), "revoke")?;
        let session = self.take();
        let outcome = self.revoke_both(&url, token, session.as_ref(), context).await;
        if outcome.is_err() {
            self.put(session);
        }
        outcome
    }

    /// The access token first, because without the session it could not be found any more.
    async fn revoke_both(
        &self,
        url: &Url,
        access: Option<&Token>,
        session: Option<&Session>,
        context: &Context,
    ) -> Result<()> {
        let access = access.map(|token| ("access_token", token.expose_secret()));
        let refresh = session.map(|session| ("refresh_token", session.refresh_token.expose_secret()));
        for (hint, token) in access.into_iter().chain(refresh) {
            let fields = [("token", token), ("token_type_hint", hint)];
            let answered = self.endpoint.post(context, url, &fields).await;
            answered
                .and_then(without_content)
                .map_err(|failure| failure.error.with_operation("keycloak.revoke"))?;
        }
        Ok(())
    }

    /// Another endpoint of the realm: as it was given, or beside the token endpoint.
    pub(super) fn neighbour(&self, given: Option<&str>, name: &str) -> Result<Url> {
        let token_url = self.endpoint.url.as_ref().map_err(|error| error.share())?;
        if let Some(given) = given {
            let url = checked_url(&format!("{name} URL"), given, self.plain_http)?;
            if url.scheme() != token_url.scheme() {
                let rule = format!("the {name} URL and the token URL must both be https, or neither");
                return Err(Error::configuration(rule));
            }
            return Ok(url);
        }
        let beside = token_url.path().strip_suffix("/protocol/openid-connect/token");
        let Some(realm) = beside else {
            return Err(Error::configuration(
                "the token URL does not end like one of Keycloak, so set `logout_url` and `revocation_url`",
            ));
        };
        let mut url = token_url.clone();
        url.set_path(&format!("{realm}/protocol/openid-connect/{name}"));
        Ok(url)
    }
}

/// Nothing was asked for, so a page of a gateway is not the endpoint's answer.
fn without_content(answered: Answered) -> Result<(), Failure> {
    let Answered { status, headers, body } = answered;
    if body.is_empty() || decode::json::<IgnoredAny>(&body).is_ok() {
        return Ok(());
    }
    let message = "the login server answered with a page where nothing was asked for; check the URL";
    let error = Error::new(ErrorKind::UnexpectedAnswer, message);
    Err(Failure { error: error.with_answer(status, headers, Bytes::new()), stage: Stage::Unusable })
}
