//! A user's session: the tokens at hand, and their renewal where a client is known.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use reqwest::Url;

use super::{
    ConnectClient, Context, Token, TokenSource, UserTokens,
    grant::{Failure, Granted, Stage},
};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// A user's session. Its tokens are the newest at any time, because they are exchanged before a
/// new access token is handed to anybody.
pub(crate) struct UserSession {
    client: Option<ConnectClient>,
    state: Mutex<State>,
}

struct State {
    tokens: UserTokens,
    /// Whether the next access token has to be another one.
    is_handed_out: bool,
    /// Why only a new login helps, once the server has said so. Nothing is asked for after that.
    over: Option<Error>,
}

impl fmt::Debug for UserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSession").field("client", &self.client).finish_non_exhaustive()
    }
}

impl UserSession {
    pub(crate) fn new(tokens: UserTokens, client: Option<ConnectClient>, now: SystemTime) -> Self {
        let state = State { tokens: tokens.received(now), is_handed_out: false, over: None };
        Self { client, state: Mutex::new(state) }
    }

    /// The newest tokens.
    pub(crate) fn tokens(&self) -> UserTokens {
        self.state().tokens.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next_token(&self, context: &Context) -> Result<Token> {
        let asked_at = context.clock().wall();
        let refresh_token = {
            let mut state = self.state();
            if let Some(over) = &state.over {
                return Err(over.share());
            }
            if !std::mem::replace(&mut state.is_handed_out, true)
                && let Some(token) = state.tokens.token(asked_at)
            {
                return Ok(token);
            }
            state.tokens.refresh_token.clone()
        };
        let (Some(client), Some(refresh_token)) = (&self.client, refresh_token) else {
            let message = "the user's access token ended, and there is no way to refresh it";
            return Err(Error::new(ErrorKind::LoginRequired, message));
        };
        match client.refresh(context, &refresh_token).await {
            Ok(granted) => self.renewed(granted, asked_at),
            Err(failure) => Err(self.refused(failure)),
        }
    }

    fn renewed(&self, granted: Granted, asked_at: SystemTime) -> Result<Token> {
        let mut state = self.state();
        if granted.refresh_token.is_some() {
            // Also beside an access token of no use: the one before it may be spent.
            state.tokens.refresh_token.clone_from(&granted.refresh_token);
        }
        let newest = UserTokens::granted(&granted, asked_at)?;
        state.tokens = newest.after(&state.tokens);
        Ok(granted.token)
    }

    fn refused(&self, failure: Failure) -> Error {
        if failure.stage != Stage::GrantRefused {
            return failure.error;
        }
        let error = failure.error.with_kind(ErrorKind::LoginRequired);
        let error = error.with_message("the user's session is over; lead the user through a login");
        let mut state = self.state();
        // Kept in a store, it would only be refused again.
        state.tokens.refresh_token = None;
        state.over = Some(error.share());
        error
    }
}

impl TokenSource for UserSession {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(self.next_token(context))
    }

    fn endpoint(&self) -> Option<&Url> {
        self.client.as_ref()?.endpoint()
    }

    fn check(&self) -> Result<()> {
        self.client.as_ref().map_or(Ok(()), TokenSource::check)
    }
}
