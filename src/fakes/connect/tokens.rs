//! The tokens that the fake has handed out.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::{fakes::serve::TokenEnd, unique_id::unique_id};

/// Keeps a point in time that a test asks for within what the system can represent.
const LONGEST_LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access_lifetime: Duration,
    pub(super) refresh_lifetime: Duration,
    /// Gives out a token again while it lasts, instead of a new one each time.
    pub(super) same_again: bool,
    /// Gives out the refresh token again at a renewal, and ends the access tokens before.
    pub(super) keep_refresh: bool,
    /// What clients have of their own, by id.
    pub(super) access_lifetimes: BTreeMap<String, Duration>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) client: String,
    /// Nobody in client mode.
    pub(super) user: Option<String>,
    pub(super) scope: String,
}

#[derive(Debug)]
struct Access {
    grant: Grant,
    /// Never, for a token that was made up by a test.
    expires: Option<SystemTime>,
    refresh: Option<String>,
}

#[derive(Debug)]
struct Refresh {
    grant: Grant,
    expires: SystemTime,
}

/// A token as it is handed out.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) expires_in: Duration,
    pub(super) scope: String,
}

/// Why a refresh token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    Expired,
}

impl Tokens {
    /// With the vendor's default lifetimes.
    pub(super) fn new() -> Self {
        Self {
            access_lifetime: Duration::from_secs(12 * 60 * 60),
            refresh_lifetime: Duration::from_secs(30 * 24 * 60 * 60),
            same_again: false,
            keep_refresh: false,
            access_lifetimes: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
        }
    }

    /// Takes a token that was not handed out here.
    pub(super) fn accept(&mut self, token: String, grant: Grant) -> Result<(), String> {
        if token.is_empty() {
            return Err("an access token must not be empty".to_owned());
        }
        if self.access.get(&token).is_some_and(|known| known.grant != grant) {
            return Err("this access token is accepted for somebody else already".to_owned());
        }
        self.access.insert(token, Access { grant, expires: None, refresh: None });
        Ok(())
    }

    /// What an access token stands for, and whether it is still valid.
    pub(super) fn find(&self, access: &str, now: SystemTime) -> Option<(&Grant, bool)> {
        let found = self.access.get(access)?;
        Some((&found.grant, found.expires.is_none_or(|expires| now < expires)))
    }

    /// Hands out an access token, in user mode with a refresh token.
    pub(super) fn issue(&mut self, grant: Grant, now: SystemTime) -> Issued {
        if self.same_again
            && let Some(issued) = self.still_valid(&grant, now)
        {
            return issued;
        }
        let refresh = grant.user.is_some().then(|| self.refresh_token(&grant, now));
        self.new_access(grant, refresh, now)
    }

    /// Renews the access token of a user.
    pub(super) fn renew(&mut self, refresh: &str, client: &str, now: SystemTime) -> Result<Issued, Refused> {
        let known = self.refresh.get(refresh).filter(|known| known.grant.client == client);
        let known = known.ok_or(Refused::Unknown)?;
        if known.expires <= now {
            return Err(Refused::Expired);
        }
        let grant = known.grant.clone();
        let next = if self.keep_refresh {
            self.access.retain(|_, access| access.refresh.as_deref() != Some(refresh));
            refresh.to_owned()
        } else {
            self.refresh.remove(refresh);
            let next = self.refresh_token(&grant, now);
            // The earlier access tokens may be handed out again, and not with a used token.
            let earlier =
                self.access.values_mut().filter(|access| access.refresh.as_deref() == Some(refresh));
            earlier.for_each(|access| access.refresh = Some(next.clone()));
            next
        };
        Ok(self.new_access(grant, Some(next), now))
    }

    /// Ends all access tokens that were handed out; the refresh tokens stay.
    pub(super) fn expire_access_tokens(&mut self) {
        for expires in self.access.values_mut().filter_map(|access| access.expires.as_mut()) {
            *expires = SystemTime::UNIX_EPOCH;
        }
    }

    /// Ends one access token: at its next use it has expired, or is unknown.
    pub(super) fn end_access(&mut self, access: &str, end: TokenEnd) {
        match (end, self.access.get_mut(access)) {
            (TokenEnd::Expired, Some(known)) => known.expires = Some(SystemTime::UNIX_EPOCH),
            (TokenEnd::Revoked, _) => drop(self.access.remove(access)),
            (TokenEnd::Expired, None) => {}
        }
    }

    /// Ends one refresh token. The access tokens stay, as they are not looked up by it.
    pub(super) fn end_refresh(&mut self, refresh: &str, end: TokenEnd) {
        match (end, self.refresh.get_mut(refresh)) {
            (TokenEnd::Expired, Some(known)) => known.expires = SystemTime::UNIX_EPOCH,
            (TokenEnd::Revoked, _) => drop(self.refresh.remove(refresh)),
            (TokenEnd::Expired, None) => {}
        }
    }

    fn still_valid(&self, grant: &Grant, now: SystemTime) -> Option<Issued> {
        self.access.iter().filter(|(_, access)| access.grant == *grant).find_map(|(token, access)| {
            let expires_in = access.expires?.duration_since(now).ok().filter(|left| !left.is_zero())?;
            let lives = |refresh: &String| self.refresh.get(refresh).is_some_and(|known| now < known.expires);
            if !access.refresh.as_ref().is_none_or(lives) {
                return None;
            }
            let (refresh, scope) = (access.refresh.clone(), grant.scope.clone());
            Some(Issued { access: token.clone(), refresh, expires_in, scope })
        })
    }

    fn new_access(&mut self, grant: Grant, refresh: Option<String>, now: SystemTime) -> Issued {
        let token = unique_id();
        let lifetime = self.access_lifetimes.get(&grant.client).copied().unwrap_or(self.access_lifetime);
        let expires_in = lifetime.min(LONGEST_LIFETIME);
        let scope = grant.scope.clone();
        let access = Access { grant, expires: Some(now + expires_in), refresh: refresh.clone() };
        self.access.insert(token.clone(), access);
        Issued { access: token, refresh, expires_in, scope }
    }

    fn refresh_token(&mut self, grant: &Grant, now: SystemTime) -> String {
        let same = self.refresh.iter().find(|(_, known)| known.grant == *grant && now < known.expires);
        if self.same_again
            && let Some((token, _)) = same
        {
            return token.clone();
        }
        let token = unique_id();
        let expires = now + self.refresh_lifetime.min(LONGEST_LIFETIME);
        self.refresh.insert(token.clone(), Refresh { grant: grant.clone(), expires });
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const SECOND: Duration = Duration::from_secs(1);

    fn grant(user: Option<&str>) -> Grant {
        Grant { client: "c".to_owned(), user: user.map(str::to_owned), scope: "read".to_owned() }
    }

    fn is_valid(tokens: &Tokens, access: &str, now: SystemTime) -> bool {
        tokens.find(access, now).is_some_and(|(_, is_valid)| is_valid)
    }

    #[test]
    fn an_access_token_ends_with_its_lifetime() {
        let mut tokens = Tokens::new();
        let issued = tokens.issue(grant(None), START);
        assert_eq!(issued.expires_in, Duration::from_secs(43_200));
        assert_eq!(issued.refresh, None, "only a user gets a refresh token");
        assert!(is_valid(&tokens, &issued.access, START + Duration::from_secs(43_199)));
        assert!(!is_valid(&tokens, &issued.access, START + Duration::from_secs(43_200)));
    }

    #[test]
    fn a_renewal_replaces_the_refresh_token() {
        let mut tokens = Tokens::new();
        let first = tokens.issue(grant(Some("ada")), START);
        let refresh = first.refresh.unwrap();
        assert_eq!(tokens.renew(&refresh, "other", START).unwrap_err(), Refused::Unknown);
        let second = tokens.renew(&refresh, "c", START).unwrap();
        assert_ne!(second.refresh.as_ref(), Some(&refresh));
        assert_ne!(second.access, first.access);
        assert_eq!(tokens.renew(&refresh, "c", START).unwrap_err(), Refused::Unknown);
        let late = START + Duration::from_secs(30 * 24 * 60 * 60);
        assert_eq!(tokens.renew(&second.refresh.unwrap(), "c", late).unwrap_err(), Refused::Expired);
    }

    #[test]
    fn the_same_token_again_has_less_time_left() {
        let mut tokens = Tokens { same_again: true, keep_refresh: true, ..Tokens::new() };
        let first = tokens.issue(grant(Some("ada")), START);
        let hour = Duration::from_secs(3600);
        let again = tokens.issue(grant(Some("ada")), START + hour);
        assert_eq!((&again.access, &again.refresh), (&first.access, &first.refresh));
        assert_eq!(again.expires_in + hour, first.expires_in);
        assert_ne!(tokens.issue(grant(Some("bob")), START).access, first.access);

        let refresh = first.refresh.unwrap();
        let renewed = tokens.renew(&refresh, "c", START + hour).unwrap();
        assert_eq!(renewed.refresh, Some(refresh));
        assert!(!is_valid(&tokens, &first.access, START + hour), "a renewal ends the earlier token");
        assert!(is_valid(&tokens, &renewed.access, START + hour));
    }

    /// The two habits of the library are independent of each other.
    #[test]
    fn the_same_token_again_never_comes_with_a_used_refresh_token() {
        let mut tokens = Tokens { same_again: true, ..Tokens::new() };
        let first = tokens.issue(grant(Some("ada")), START);
        let renewed = tokens.renew(&first.refresh.clone().unwrap(), "c", START).unwrap();
        assert_ne!(renewed.refresh, first.refresh);
        assert!(is_valid(&tokens, &first.access, START), "a renewal keeps the earlier token");
        let again = tokens.issue(grant(Some("ada")), START);
        assert_eq!(again.refresh, renewed.refresh);

        let mut tokens = Tokens { keep_refresh: true, ..Tokens::new() };
        let first = tokens.issue(grant(Some("ada")), START);
        assert_ne!(tokens.issue(grant(Some("ada")), START).access, first.access);
        let renewed = tokens.renew(&first.refresh.clone().unwrap(), "c", START).unwrap();
        assert_eq!(renewed.refresh, first.refresh);
        assert!(!is_valid(&tokens, &first.access, START));
    }

    #[test]
    fn one_token_can_be_ended() {
        let mut tokens = Tokens::new();
        for (end, known) in [(TokenEnd::Expired, Some(false)), (TokenEnd::Revoked, None)] {
            let issued = tokens.issue(grant(Some("ada")), START + SECOND);
            tokens.end_access(&issued.access, end);
            let found = tokens.find(&issued.access, START + SECOND).map(|(_, is_valid)| is_valid);
            assert_eq!(found, known, "{end:?}");
            let refresh = issued.refresh.unwrap();
            tokens.end_refresh(&refresh, end);
            let refused = if end == TokenEnd::Expired { Refused::Expired } else { Refused::Unknown };
            assert_eq!(tokens.renew(&refresh, "c", START + SECOND).unwrap_err(), refused);
            tokens.end_access("unknown", end);
            tokens.end_refresh("unknown", end);
        }
    }

    #[test]
    fn all_access_tokens_can_be_ended_at_once() {
        let mut tokens = Tokens::new();
        tokens.accept("made-up".to_owned(), grant(None)).unwrap();
        let issued = tokens.issue(grant(Some("ada")), START);
        tokens.expire_access_tokens();
        assert!(!is_valid(&tokens, &issued.access, START));
        assert!(is_valid(&tokens, "made-up", START), "it was not handed out");
        assert!(tokens.renew(&issued.refresh.unwrap(), "c", START).is_ok());
    }

    #[test]
    fn no_lifetime_is_too_long() {
        let mut tokens = Tokens { access_lifetime: Duration::MAX, ..Tokens::new() };
        let issued = tokens.issue(grant(None), SystemTime::now());
        assert!(is_valid(&tokens, &issued.access, SystemTime::now()));
    }
}
