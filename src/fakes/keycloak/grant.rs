//! The three grants.

use serde::Serialize;

use super::{
    Generation, OPERATOR_ROLE,
    form::Form,
    handle::Refused,
    state::{Issued, Kind, Realm, Session, Subject, new_id},
};
use crate::fakes::Reply;

/// The fields are in Keycloak's order.
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
    /// 0 where there is no refresh token, or one that has no end of its own.
    refresh_expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(rename = "not-before-policy")]
    not_before: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_state: Option<String>,
    scope: String,
}

impl Realm {
    pub(super) fn log_in(&mut self, form: &Form, client: &str, now: u64) -> Result<Reply, Refused> {
        if !self.direct_grants {
            let text = "Client not allowed for direct access grants";
            return Err(Refused::new(400, "unauthorized_client", text));
        }
        let Some(name) = form.get("username") else {
            return Err(Refused::new(401, "invalid_request", "Missing parameter: username"));
        };
        let known = self.users.get(name).filter(|user| form.get("password") == Some(&user.password));
        let Some(user) = known else {
            let status = if self.generation == Generation::New { 400 } else { 401 };
            return Err(Refused::new(status, "invalid_grant", "Invalid user credentials"));
        };
        if !user.enabled {
            return Err(Refused::grant("Account disabled"));
        }
        if user.action_required {
            return Err(Refused::grant("Account is not fully set up"));
        }
        let id = new_id();
        let session = Session {
            client: client.to_owned(),
            user: name.to_owned(),
            scope: self.scope(form),
            started: now,
            last_refresh: now,
            offline: form.asks_for("offline_access"),
            detached: false,
        };
        self.sessions.insert(id.clone(), session.clone());
        let tokens = self.tokens_of(&id, &session, now)?;
        self.counts.logins += 1;
        Ok(Reply::json(200, &tokens))
    }

    pub(super) fn refresh(&mut self, form: &Form, client: &str, now: u64) -> Result<Reply, Refused> {
        let Some(text) = form.get("refresh_token") else {
            return Err(Refused::new(400, "invalid_request", "No refresh token"));
        };
        let issued = self.refresh_token(text, client)?;
        let (id, mut session) = self.live_session(&issued, now)?;
        if self.rotation && issued.uses > self.max_reuse {
            self.detach(Some(&id));
            return Err(Refused::grant("Maximum allowed refresh token reuse exceeded"));
        }
        if let Some(used) = self.tokens.get_mut(text) {
            used.uses = used.uses.saturating_add(1);
        }
        session.last_refresh = now;
        self.sessions.insert(id.clone(), session.clone());
        let tokens = self.tokens_of(&id, &session, now)?;
        self.counts.refreshes += 1;
        Ok(Reply::json(200, &tokens))
    }

    /// The session that a refresh token belongs to, if it may still be refreshed.
    ///
    /// A token never outlasts its session, so at the longest time both have ended; the session is
    /// what is reported then, and the token where only it was left alone for too long.
    fn live_session(&self, issued: &Issued, now: u64) -> Result<(String, Session), Refused> {
        let found = issued.session.as_ref().and_then(|id| self.sessions.get_key_value(id));
        let ended = |session: &Session| self.session_end(session).is_some_and(|end| end <= now);
        if found.is_some_and(|(_, session)| ended(session)) {
            return Err(Refused::grant("Session not active"));
        }
        if issued.has_expired(now) {
            return Err(Refused::grant("Token is not active"));
        }
        if issued.stale {
            return Err(Refused::grant("Stale token"));
        }
        let Some((id, session)) = found else {
            let offline = issued.kind == Kind::Offline;
            return Err(Refused::grant(if offline {
                "Offline user session not found"
            } else {
                "Session not active"
            }));
        };
        if Self::is_idle_offline(session, now) {
            return Err(Refused::grant("Offline session not active"));
        }
        if !self.users.get(&session.user).is_some_and(|user| user.enabled) {
            return Err(Refused::grant("User disabled"));
        }
        if session.detached {
            return Err(Refused::grant("Session doesn't have required client"));
        }
        Ok((id.clone(), session.clone()))
    }

    pub(super) fn client_credentials(
        &mut self,
        form: &Form,
        client: &str,
        now: u64,
    ) -> Result<Reply, Refused> {
        let account = self.clients.get(client).filter(|client| client.secret.is_some());
        let Some(account) = account else {
            let text = "Public client not allowed to retrieve service account";
            return Err(Refused::new(401, "unauthorized_client", text));
        };
        let subject = Subject {
            id: account.account.clone(),
            name: format!("service-account-{client}"),
            roles: vec![OPERATOR_ROLE.to_owned()],
            client: client.to_owned(),
            session: None,
            scope: self.scope(form),
        };
        let access_token = self.issue(Kind::Access, &subject, Some(now.saturating_add(self.access)), now);
        self.counts.client_credentials += 1;
        let tokens = Tokens {
            access_token,
            expires_in: self.access,
            refresh_expires_in: 0,
            refresh_token: None,
            token_type: self.token_type(),
            id_token: None,
            not_before: self.not_before,
            session_state: None,
            scope: subject.scope,
        };
        Ok(Reply::json(200, &tokens))
    }

    /// New tokens of a session. None of them outlasts it.
    fn tokens_of(&mut self, id: &str, session: &Session, now: u64) -> Result<Tokens, Refused> {
        let user = self.users.get(&session.user).ok_or_else(|| Refused::grant("User disabled"))?;
        let subject = Subject {
            id: user.id.clone(),
            name: session.user.clone(),
            roles: user.roles.clone(),
            client: session.client.clone(),
            session: Some(id.to_owned()),
            scope: session.scope.clone(),
        };
        let end = self.session_end(session).unwrap_or(u64::MAX);
        let access_end = now.saturating_add(self.access).min(end);
        let (kind, refresh_end) = if session.offline {
            (Kind::Offline, None)
        } else {
            (Kind::Refresh, Some(now.saturating_add(self.idle).min(end)))
        };
        let with_id = session.scope.split(' ').any(|scope| scope == "openid");
        Ok(Tokens {
            access_token: self.issue(Kind::Access, &subject, Some(access_end), now),
            expires_in: access_end.saturating_sub(now),
            refresh_expires_in: refresh_end.map_or(0, |end| end.saturating_sub(now)),
            refresh_token: Some(self.issue(kind, &subject, refresh_end, now)),
            token_type: self.token_type(),
            id_token: with_id.then(|| self.issue(Kind::Id, &subject, Some(access_end), now)),
            not_before: self.not_before,
            session_state: Some(id.to_owned()),
            scope: session.scope.clone(),
        })
    }

    /// The default scopes, and of those asked for the two that the fake knows.
    fn scope(&self, form: &Form) -> String {
        let default = if self.generation == Generation::Old { "profile email" } else { "email profile" };
        let asked = ["openid", "offline_access"].into_iter().filter(|scope| form.asks_for(scope));
        asked.fold(default.to_owned(), |scopes, scope| format!("{scopes} {scope}"))
    }

    fn token_type(&self) -> &'static str {
        if self.generation == Generation::Old { "bearer" } else { "Bearer" }
    }
}
