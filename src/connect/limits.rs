//! What Connect allows a client, and who counts together.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;

use crate::{
    RateLimit,
    auth::Auth,
    transport::{Settings, WeakRateLimit},
};

/// The documented limits: 100 calls in a second and 2,000 in a minute, per client.
/// Source: the vendor's page "Introduction", section on rate limits.
///
/// Assumption: one count per client id at the API server, which a user's calls share with the
/// application's own, and to which logins do not belong.
fn documented() -> RateLimit {
    RateLimit::new(100, Duration::from_secs(1)).and(2_000, Duration::from_secs(60))
}

/// API server, client id and windows.
type Key = (String, String, Vec<(u32, Duration)>);

static LIMITS: Mutex<Option<HashMap<Key, WeakRateLimit>>> = Mutex::new(None);

/// The limit that all clients of this process with the same client id at the same API server
/// share, because the server counts them together: the one that is there, or this one.
fn of_client(api_server: &str, client_id: &str, limit: RateLimit) -> RateLimit {
    let mut limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    let limits = limits.get_or_insert_default();
    let server = Url::parse(api_server).map_or_else(|_| api_server.to_owned(), String::from);
    let key = (server.trim_end_matches('/').to_owned(), client_id.to_owned(), limit.windows());
    if let Some(limit) = limits.get(&key).and_then(WeakRateLimit::upgrade) {
        return limit;
    }
    limits.retain(|_, limit| limit.upgrade().is_some());
    limits.insert(key, limit.downgrade());
    limit
}

/// The limit of a client: the windows that its builder was given, or the documented ones. Where no
/// client id is known, all clients with the same credential share the documented ones.
pub(super) fn limit(
    api_server: &str,
    client_id: Option<&str>,
    auth: &Auth,
    settings: &Settings,
) -> RateLimit {
    let given = settings.rate_limit.clone();
    // A clock of a test, and a fake in this process, are a world of their own.
    #[cfg(feature = "fakes")]
    let is_private = settings.own_clock || settings.in_process.is_some();
    #[cfg(not(feature = "fakes"))]
    let is_private = settings.own_clock;
    match client_id {
        Some(client_id) if !is_private => of_client(api_server, client_id, given.unwrap_or_else(documented)),
        _ => given.unwrap_or_else(|| auth.rate_limit(api_server, documented)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::StaticToken;

    fn auth() -> Auth {
        Auth::from(StaticToken::new("not-a-real-token"))
    }

    #[test]
    fn clients_of_one_id_at_one_server_count_together_and_others_do_not() {
        let settings = Settings::default();
        let limit = |server: &str, id| super::limit(server, id, &auth(), &settings);
        let one = limit("https://api.example/capi", Some("app"));
        assert!(one.is_same(&limit("https://API.example/capi/", Some("app"))));
        assert!(!one.is_same(&limit("https://api.example/capi", Some("other"))), "another tenant");
        assert!(!one.is_same(&limit("https://api-test.example/capi", Some("app"))), "another server");
        let own_clock = Settings { own_clock: true, ..Settings::default() };
        assert!(!one.is_same(&super::limit("https://api.example/capi", Some("app"), &auth(), &own_clock)));
    }

    #[test]
    fn equal_windows_of_one_client_id_are_one_limit() {
        let limit = |calls| {
            let given = Some(RateLimit::new(calls, Duration::from_secs(1)));
            let settings = Settings { rate_limit: given, ..Settings::default() };
            super::limit("https://windows.example", Some("app"), &auth(), &settings)
        };
        let one = limit(25);
        assert!(one.is_same(&limit(25)));
        assert!(!one.is_same(&limit(50)));
    }

    #[test]
    fn without_a_client_id_the_credential_says_who_counts_together() {
        let settings = Settings::default();
        let limit = |auth: &Auth| super::limit("https://api.example/capi", None, auth, &settings);
        let (one, other) = (auth(), auth());
        assert!(limit(&one).is_same(&limit(&one.clone())));
        assert!(!limit(&one).is_same(&limit(&other)));
    }

    #[test]
    fn a_limit_ends_with_its_last_client() {
        let settings = Settings::default();
        let of = |id| limit("https://ends.example", Some(id), &auth(), &settings);
        drop(of("gone"));
        let kept = of("kept");
        let limits = LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
        let ids: Vec<_> = limits.iter().flatten().map(|((_, id, _), _)| id.clone()).collect();
        drop(limits);
        assert!(ids.iter().any(|id| id == "kept"));
        assert!(!ids.iter().any(|id| id == "gone"));
        drop(kept);
    }
}
