//! What the realm knows: clients, users, sessions and every token it has issued.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::{CLIENT_ID, Counts, Generation, OPERATOR_ROLE, PASSWORD, USER, token};

/// How long an offline session lasts without a refresh: 30 days, Keycloak's default.
const OFFLINE_IDLE: u64 = 2_592_000;

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
}

#[derive(Debug)]
pub(super) struct Client {
    /// None: a public client.
    pub(super) secret: Option<String>,
    pub(super) enabled: bool,
    /// The user id of its own account.
    pub(super) account: String,
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) password: String,
    pub(super) roles: Vec<String>,
    pub(super) enabled: bool,
    pub(super) action_required: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: String,
    pub(super) started: u64,
    pub(super) last_refresh: u64,
    pub(super) offline: bool,
    /// Whether the client has lost it, by a replay or a revocation.
    pub(super) detached: bool,
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
    pub(super) client: String,
    pub(super) session: Option<String>,
    pub(super) roles: Vec<String>,
    pub(super) since: u64,
    /// None: only the session ends it.
    pub(super) expires: Option<u64>,
    pub(super) uses: u32,
    pub(super) stale: bool,
    pub(super) revoked: bool,
}

impl User {
    pub(super) fn new(password: String, roles: Vec<String>) -> Self {
        Self { id: new_id(), password, roles, enabled: true, action_required: false }
    }
}

impl Issued {
    pub(super) fn has_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
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
            origin: "http://localhost".to_owned(),
            base: "/keycloak/auth/realms/nagra".to_owned(),
            clients: BTreeMap::new(),
            users: BTreeMap::new(),
            sessions: HashMap::new(),
            tokens: HashMap::new(),
            not_before: 0,
            counts: Counts::default(),
        };
        realm.add_client(CLIENT_ID.to_owned(), None);
        realm.users.insert(USER.to_owned(), User::new(PASSWORD.to_owned(), vec![OPERATOR_ROLE.to_owned()]));
        realm
    }

    pub(super) fn add_client(&mut self, id: String, secret: Option<String>) {
        self.clients.insert(id, Client { secret, enabled: true, account: new_id() });
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
        let issued = Issued {
            kind,
            client: subject.client.clone(),
            session: subject.session.clone(),
            roles: subject.roles.clone(),
            since: now,
            expires,
            uses: 0,
            stale: false,
            revoked: false,
        };
        self.tokens.insert(text.clone(), issued);
        text
    }

    /// Takes a session from the client that has it.
    pub(super) fn detach(&mut self, session: Option<&str>) {
        if let Some(session) = session.and_then(|id| self.sessions.get_mut(id)) {
            session.detached = true;
        }
    }

    /// When a session ends whatever is done; an offline session has no such time.
    pub(super) fn session_end(&self, session: &Session) -> Option<u64> {
        (!session.offline).then(|| session.started.saturating_add(self.session_max))
    }

    /// Whether an offline session was left alone for too long.
    pub(super) fn is_idle_offline(session: &Session, now: u64) -> bool {
        session.offline && session.last_refresh.saturating_add(OFFLINE_IDLE) <= now
    }
}

pub(super) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed: Duration| passed.as_secs())
}
