//! The grants.

use std::time::Duration;

use super::{
    Generation, OPERATOR_ROLE,
    answer::Tokens,
    form::Form,
    handle::Refused,
    oddity::Oddity,
    state::{Issued, Kind, Limit, Realm, Session, Subject, new_id},
};
use crate::fakes::Reply;

impl Realm {
    pub(super) fn log_in(&mut self, form: &Form, client: &str, at: Duration) -> Result<Reply, Refused> {
        let settings = self.clients.get(client);
        if !self.direct_grants || settings.is_some_and(|client| client.has(Limit::NoDirectGrants)) {
            let text = "Client not allowed for direct access grants";
            return Err(Refused::new(400, "unauthorized_client", text));
        }
        if settings.is_some_and(|client| client.has(Limit::ConsentRequired)) {
            return Err(Refused::new(400, "invalid_client", "Client requires user consent"));
        }
        form.refuse_unknown_scopes()?;
        let Some(name) = form.get("username") else {
            return Err(Refused::new(401, "invalid_request", "Missing parameter: username"));
        };
        // Keycloak's names know no capitals.
        let name = name.to_lowercase();
        self.check_password(&name, form.get("password"), at)?;
        let now = at.as_secs();
        let id = new_id();
        let session = Session {
            client: client.to_owned(),
            user: name,
            scope: self.scope(form),
            started: now,
            last_refresh: now,
            offline: form.asks_for("offline_access"),
            detached: false,
            used: None,
        };
        self.sessions.insert(id.clone(), session.clone());
        let tokens = self.tokens_of(&id, &session, now)?;
        self.counts.logins += 1;
        Ok(tokens.reply(&self.oddities))
    }

    /// Up to 26.5 a disabled user is told so whatever the password; since then only with the right
    /// one.
    fn check_password(&mut self, name: &str, password: Option<&str>, at: Duration) -> Result<(), Refused> {
        let status = if self.generation == Generation::New { 400 } else { 401 };
        let wrong = || Refused::new(status, "invalid_grant", "Invalid user credentials");
        let Some(user) = self.users.get_mut(name) else {
            return Err(wrong());
        };
        if let Some(settings) = &self.brute_force {
            if user.attempts.is_locked(at) || !user.attempts.begin(at, self.token_request_takes) {
                return Err(wrong());
            }
            if password != Some(&user.password) {
                user.attempts.failed(settings, at);
            }
        }
        if !user.enabled && self.generation != Generation::New {
            return Err(Refused::grant("Account disabled"));
        }
        if password != Some(&user.password) {
            return Err(wrong());
        }
        if !user.enabled {
            return Err(Refused::grant("Account disabled"));
        }
        if user.action_required {
            return Err(Refused::grant("Account is not fully set up"));
        }
        user.attempts.succeeded();
        Ok(())
    }

    pub(super) fn refresh(&mut self, form: &Form, client: &str, at: Duration) -> Result<Reply, Refused> {
        let now = at.as_secs();
        let Some(text) = form.get("refresh_token") else {
            return Err(Refused::new(400, "invalid_request", "No refresh token"));
        };
        form.refuse_unknown_scopes()?;
        let issued = self.refresh_token(text)?;
        self.refuse_age(&issued, now)?;
        Self::refuse_other_client(&issued, client)?;
        let (id, mut session) = self.live_session(&issued, now)?;
        let keeps = self.oddities.contains(&Oddity::KeepsRefreshToken);
        if self.rotation && !keeps {
            match self.use_up(&issued, session.used) {
                Ok(used) => session.used = Some(used),
                Err(refused) => {
                    self.replays += 1;
                    session.detached = true;
                    self.sessions.insert(id, session);
                    return Err(refused);
                }
            }
        }
        session.last_refresh = now;
        self.sessions.insert(id.clone(), session.clone());
        let mut tokens = self.tokens_of(&id, &session, now)?;
        self.counts.refreshes += 1;
        if keeps {
            tokens.refresh_token = None;
        }
        Ok(tokens.reply(&self.oddities))
    }

    /// Counts a use of a refresh token. Keycloak remembers the token used last and how often; one
    /// that is older than that has been replaced for good.
    ///
    /// Keycloak compares whole seconds, and some versions let an older token of the same second
    /// through; the fake compares the order of issue.
    fn use_up(&self, issued: &Issued, last: Option<(u64, u32)>) -> Result<(u64, u32), Refused> {
        match last {
            Some((serial, _)) if issued.serial < serial => Err(Refused::grant("Stale token")),
            Some((serial, uses)) if issued.serial == serial => {
                if uses > self.max_reuse {
                    return Err(Refused::grant("Maximum allowed refresh token reuse exceeded"));
                }
                Ok((serial, uses.saturating_add(1)))
            }
            _ => Ok((issued.serial, 1)),
        }
    }

    /// A token of this realm that one can refresh with, whatever its age.
    pub(super) fn refresh_token(&self, text: &str) -> Result<Issued, Refused> {
        let issued = self.tokens.get(text).filter(|issued| issued.is_for_refreshing());
        issued.cloned().ok_or_else(|| Refused::grant("Invalid refresh token"))
    }

    pub(super) fn refuse_other_client(issued: &Issued, client: &str) -> Result<(), Refused> {
        if issued.client == client {
            return Ok(());
        }
        Err(Refused::grant("Invalid refresh token. Token client and authorized client don't match"))
    }

    /// The realm's name for itself changes with its host and its path.
    pub(super) fn refuse_other_issuer(&self, issued: &Issued) -> Result<(), Refused> {
        let (expected, found) = (self.url(), &issued.issuer);
        if *found == expected {
            return Ok(());
        }
        Err(Refused::grant(match self.generation {
            Generation::Old => format!("Invalid token issuer. Expected '{expected}', but was '{found}'"),
            _ => format!("Invalid token issuer. Expected '{expected}'"),
        }))
    }

    fn refuse_age(&self, issued: &Issued, now: u64) -> Result<(), Refused> {
        self.refuse_other_issuer(issued)?;
        if issued.is_past_its_end(now) || self.is_from_the_future(issued, now) {
            return Err(Refused::grant("Token is not active"));
        }
        if issued.stale {
            return Err(Refused::grant("Stale token"));
        }
        Ok(())
    }

    /// The session that a refresh token belongs to, if it may still be refreshed.
    fn live_session(&self, issued: &Issued, now: u64) -> Result<(String, Session), Refused> {
        let found = issued.session.as_ref().and_then(|id| self.sessions.get_key_value(id));
        let Some((id, session)) = found else {
            let offline = issued.kind == Kind::Offline;
            return Err(Refused::grant(if offline {
                "Offline user session not found"
            } else {
                "Session not active"
            }));
        };
        if self.is_over(session, now) {
            let offline = session.offline;
            return Err(Refused::grant(if offline {
                "Offline session not active"
            } else {
                "Session not active"
            }));
        }
        if !self.users.get(&session.user).is_some_and(|user| user.enabled) {
            return Err(Refused::grant("User disabled"));
        }
        if session.detached {
            return Err(Refused::grant("Session doesn't have required client"));
        }
        Ok((id.clone(), session.clone()))
    }

    /// No browser ever logs in at the fake, so no code is good.
    #[expect(clippy::unused_self, reason = "as the other grants")]
    pub(super) fn redeem(&mut self, form: &Form, _client: &str, _at: Duration) -> Result<Reply, Refused> {
        Err(match form.get("code") {
            None => Refused::new(400, "invalid_request", "Missing parameter: code"),
            Some(_) => Refused::grant("Code not valid"),
        })
    }

    pub(super) fn client_credentials(
        &mut self,
        form: &Form,
        client: &str,
        at: Duration,
    ) -> Result<Reply, Refused> {
        let now = at.as_secs();
        let account = self.clients.get(client).filter(|client| client.secret.is_some());
        let Some(account) = account else {
            let text = "Public client not allowed to retrieve service account";
            return Err(Refused::new(401, "unauthorized_client", text));
        };
        if account.has(Limit::NoServiceAccount) {
            let text = "Client not enabled to retrieve service account";
            return Err(Refused::new(401, "unauthorized_client", text));
        }
        form.refuse_unknown_scopes()?;
        let subject = Subject {
            id: account.account.clone(),
            name: format!("service-account-{client}"),
            roles: vec![OPERATOR_ROLE.to_owned()],
            client: client.to_owned(),
            session: None,
            scope: self.scope(form),
        };
        let end = now.saturating_add(self.access_lifetime());
        let access_token = self.issue(Kind::Access, &subject, Some(end), now);
        let with_id = form.asks_for("openid");
        self.counts.client_credentials += 1;
        let tokens = Tokens {
            access_token,
            expires_in: self.access_lifetime(),
            refresh_expires_in: Some(0),
            refresh_token: None,
            token_type: self.token_type().to_owned(),
            id_token: with_id.then(|| self.issue(Kind::Id, &subject, Some(end), now)),
            not_before: self.not_before,
            session_state: None,
            scope: Some(subject.scope),
            unknown: None,
        };
        Ok(tokens.reply(&self.oddities))
    }

    fn access_lifetime(&self) -> u64 {
        let odd = self.oddities.iter().rev().find_map(|oddity| match oddity {
            Oddity::ExpiresIn(seconds) => Some(*seconds),
            _ => None,
        });
        odd.unwrap_or(self.access)
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
        let access_end = now.saturating_add(self.access_lifetime()).min(end);
        let (kind, refresh_end) = if session.offline {
            (Kind::Offline, None)
        } else {
            (Kind::Refresh, Some(now.saturating_add(self.idle).min(end)))
        };
        let with_id = session.scope.split(' ').any(|scope| scope == "openid");
        Ok(Tokens {
            access_token: self.issue(Kind::Access, &subject, Some(access_end), now),
            expires_in: access_end.saturating_sub(now),
            refresh_expires_in: Some(refresh_end.map_or(0, |end| end.saturating_sub(now))),
            refresh_token: Some(self.issue(kind, &subject, refresh_end, now)),
            token_type: self.token_type().to_owned(),
            id_token: with_id.then(|| self.issue(Kind::Id, &subject, Some(access_end), now)),
            not_before: self.not_before,
            session_state: Some(id.to_owned()),
            scope: Some(session.scope.clone()),
            unknown: None,
        })
    }

    /// The default scopes, and of those asked for the ones that an answer names.
    fn scope(&self, form: &Form) -> String {
        let default = if self.generation == Generation::Old { "profile email" } else { "email profile" };
        let named = ["openid", "address", "microprofile-jwt", "offline_access", "phone"];
        let asked = named.into_iter().filter(|scope| form.asks_for(scope));
        asked.fold(default.to_owned(), |scopes, scope| format!("{scopes} {scope}"))
    }

    fn token_type(&self) -> &'static str {
        if self.generation == Generation::Old { "bearer" } else { "Bearer" }
    }
}
