//! What the realm knows: clients, users, sessions and every token it has issued.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, SystemTime},
};

use super::{
    BruteForce, CLIENT_ID, Counts, Generation, OPERATOR_ROLE, Oddity, PASSWORD, USER, brute_force::Attempts,
    token,
};
use crate::unique_id::unique_id;

/// How long an offline session lasts without a refresh: 30 days, Keycloak's default.
const OFFLINE_IDLE: u64 = 2_592_000;

#[expect(clippy::struct_excessive_bools, reason = "settings that have nothing to do with each other")]
#[derive(Debug)]
pub(super) struct Realm {
    pub(super) generation: Generation,
    /// Lifetimes, in seconds.
    pub(super) access: u64,
    pub(super) idle: u64,
    pub(super) session_max: u64,
    pub(super) rotation: bool,
    pub(super) max_reuse: u32,
    pub(super) direct_grants: bool,
    pub(super) enabled: bool,
    pub(super) https_required: bool,
    pub(super) brute_force: Option<BruteForce>,
    /// Seconds for which a session that was left alone still answers for its access tokens.
    pub(super) idle_grace: u64,
    /// Seconds by which a token may come from the future; by the generation if there is none.
    pub(super) clock_skew: Option<u64>,
    pub(super) token_request_takes: Duration,
    pub(super) oddities: Vec<Oddity>,
    /// Scheme, host and port.
    pub(super) origin: String,
    /// The path of the realm, without a slash at the end.
    pub(super) base: String,
    pub(super) clients: BTreeMap<String, Client>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) sessions: HashMap<String, Session>,
    /// By their text: the signature is fake, so a token is good only if it is in here.
    pub(super) tokens: HashMap<String, Issued>,
    pub(super) not_before: u64,
    pub(super) counts: Counts,
    /// Ends of the token requests that are still being carried out.
    pub(super) at_work: Vec<Duration>,
    pub(super) most_at_once: usize,
    /// Refreshes with a token that was spent.
    pub(super) replays: u64,
    /// How many tokens were issued, which orders those of one second.
    issued: u64,
}

#[derive(Debug)]
pub(super) struct Client {
    /// None: a public client.
    pub(super) secret: Option<String>,
    pub(super) limits: HashSet<Limit>,
    /// The user id of its own account.
    pub(super) account: String,
}

/// What a client may not, or not without more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    Disabled,
    BearerOnly,
    ConsentRequired,
    NoDirectGrants,
    NoServiceAccount,
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) password: String,
    pub(super) roles: Vec<String>,
    pub(super) enabled: bool,
    pub(super) action_required: bool,
    pub(super) attempts: Attempts,
}

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: String,
    pub(super) started: u64,
    pub(super) last_refresh: u64,
    pub(super) offline: bool,
    /// Whether the client has lost it, by a replay.
    pub(super) detached: bool,
    /// The refresh token that was used last, and how often; kept under rotation only.
    pub(super) used: Option<(u64, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
    Offline,
    Id,
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) client: String,
    pub(super) session: Option<String>,
    pub(super) scope: String,
}

#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) kind: Kind,
    /// Of the user, or of a client's own account.
    pub(super) name: String,
    pub(super) client: String,
    pub(super) session: Option<String>,
    pub(super) roles: Vec<String>,
    pub(super) since: u64,
    /// None: only the session ends it.
    pub(super) expires: Option<u64>,
    /// Its place among all tokens of the realm.
    pub(super) serial: u64,
    pub(super) issuer: String,
    pub(super) stale: bool,
    pub(super) revoked: bool,
}

impl Client {
    pub(super) fn has(&self, limit: Limit) -> bool {
        self.limits.contains(&limit)
    }
}

impl User {
    pub(super) fn new(password: String, roles: Vec<String>) -> Self {
        Self {
            id: new_id(),
            password,
            roles,
            enabled: true,
            action_required: false,
            attempts: Attempts::default(),
        }
    }
}

impl Issued {
    /// Whether somebody who checks the token alone takes it for expired.
    pub(super) fn has_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether Keycloak takes it for expired, to whom the last second is a good one.
    pub(super) fn is_past_its_end(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires < now)
    }

    pub(super) fn is_for_refreshing(&self) -> bool {
        matches!(self.kind, Kind::Refresh | Kind::Offline)
    }
}

impl Realm {
    pub(super) fn new() -> Self {
        let mut realm = Self {
            generation: Generation::default(),
            access: 300,
            idle: 1800,
            session_max: 36_000,
            rotation: false,
            max_reuse: 0,
            direct_grants: true,
            enabled: true,
            https_required: false,
            brute_force: None,
            idle_grace: 0,
            clock_skew: None,
            token_request_takes: Duration::ZERO,
            oddities: Vec::new(),
            origin: "http://localhost".to_owned(),
            base: "/keycloak/auth/realms/nagra".to_owned(),
            clients: BTreeMap::new(),
            users: BTreeMap::new(),
            sessions: HashMap::new(),
            tokens: HashMap::new(),
            not_before: 0,
            counts: Counts::default(),
            at_work: Vec::new(),
            most_at_once: 0,
            replays: 0,
            issued: 0,
        };
        realm.add_client(CLIENT_ID.to_owned(), None);
        realm.users.insert(USER.to_owned(), User::new(PASSWORD.to_owned(), vec![OPERATOR_ROLE.to_owned()]));
        realm
    }

    pub(super) fn add_client(&mut self, id: String, secret: Option<String>) {
        self.clients.insert(id, Client { secret, limits: HashSet::new(), account: new_id() });
    }

    /// The address of the realm, which is also the name of the issuer.
    pub(super) fn url(&self) -> String {
        format!("{}{}", self.origin, self.base)
    }

    pub(super) fn token_url(&self) -> String {
        format!("{}/protocol/openid-connect/token", self.url())
    }

    pub(super) fn push_not_before(&mut self, now: u64) {
        self.not_before = now;
        for issued in self.tokens.values_mut() {
            issued.stale = true;
        }
    }

    pub(super) fn issue(&mut self, kind: Kind, subject: &Subject, expires: Option<u64>, now: u64) -> String {
        let claims = token::claims(self, kind, subject, expires, now);
        let text = token::text(kind, self.generation, &claims);
        self.issued += 1;
        let issued = Issued {
            kind,
            name: subject.name.clone(),
            client: subject.client.clone(),
            session: subject.session.clone(),
            roles: subject.roles.clone(),
            since: now,
            expires,
            serial: self.issued,
            issuer: self.url(),
            stale: false,
            revoked: false,
        };
        self.tokens.insert(text.clone(), issued);
        text
    }

    /// Whether a token's session answers for it: it exists, has not ended, and the client has it.
    pub(super) fn is_session_alive(&self, issued: &Issued, now: u64) -> bool {
        let Some(id) = &issued.session else {
            return true;
        };
        self.sessions.get(id).is_some_and(|session| !self.is_over(session, now) && !session.detached)
    }

    /// Whether a session was left alone for too long, or has lasted too long.
    pub(super) fn is_over(&self, session: &Session, now: u64) -> bool {
        let idle = if session.offline { OFFLINE_IDLE } else { self.idle.saturating_add(self.idle_grace) };
        let ends = [Some(session.last_refresh.saturating_add(idle)), self.session_end(session)];
        ends.into_iter().flatten().any(|end| end <= now)
    }

    /// Whether a token is from further in the future than the clocks may differ.
    ///
    /// Up to 26.5 they may not differ at all; since then by ten seconds.
    pub(super) fn is_from_the_future(&self, issued: &Issued, now: u64) -> bool {
        let skew = self.clock_skew.unwrap_or(if self.generation == Generation::New { 10 } else { 0 });
        issued.since > now.saturating_add(skew)
    }

    /// When a session ends whatever is done; an offline session has no such time.
    pub(super) fn session_end(&self, session: &Session) -> Option<u64> {
        (!session.offline).then(|| session.started.saturating_add(self.session_max))
    }
}

pub(super) fn new_id() -> String {
    unique_id()
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    crate::fakes::message::since_epoch(time).as_secs()
}
