//! "Errors. After a transient error the next poll fetches the same page again; after any other the
//! pager is fused and keeps its `cursor()`. Items before the failure were delivered, none twice."

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::Keycloak,
    fakes::{Fault, RateHeader, Reply, crm_gateway::Operation::GetEntitlements},
};
use futures_util::stream::FusedStream;

use super::*;

/// How a listing is read: prefetch and concurrency.
const WAYS: [(usize, usize); 6] = [(0, 1), (1, 1), (4, 1), (0, 3), (2, 3), (0, 8)];

/// Ten entitlements in pages of two; the request of this number is answered with this, once.
async fn failing(number: usize, status: u16) -> Server {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |asked| {
        let is_it = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == number;
        let numbers: Vec<_> = (0..10).collect();
        if is_it { (status, "{}".to_owned()) } else { (200, page_of(&numbers, asked, &json!(10))) }
    })
    .await
}

#[tokio::test]
async fn after_a_transient_error_the_same_page_is_asked_for_again() {
    for failed in 1..=5 {
        for (prefetch, concurrency) in WAYS {
            let server = failing(failed, 503).await;
            let listing = crm_of(&server).list_entitlements().page_size(2).concurrency(concurrency);
            let mut pager = listing.stream().prefetch(prefetch);
            let all = all(&mut pager).await;
            let case = format!("request {failed}, {prefetch} ahead, {concurrency} at once");
            assert_eq!(good(&all), ids(0..10), "{case}");
            let errors = bad(&all);
            assert_eq!(errors.len(), 1, "{case}");
            assert!(errors[0].is_transient(), "{case}");
            // One page twice, by the very same line, and each other once.
            let mut lines = server.lines();
            let again = lines[failed - 1].clone();
            assert_eq!(lines.iter().filter(|line| **line == again).count(), 2, "{case}");
            lines.sort();
            lines.dedup();
            let asked = 5.max(concurrency);
            assert_eq!((lines.len(), server.count()), (asked, asked + 1), "{case}");
            if concurrency == 1 {
                assert_eq!(all[(failed - 1) * 2].as_ref().ok(), None, "{case}: at its place");
            }
        }
    }
}

#[tokio::test]
async fn after_a_transient_error_the_same_advisors_are_asked_for_again() {
    for failed in 1..=4_u32 {
        for prefetch in [0, 1, 4] {
            let fake = pod(10, 3);
            let client = fake.client().expect("a client");
            let down = Fault::status(503).times(1).then_normal();
            let faults = if failed == 1 { down } else { Fault::none().times(failed - 1).then(down) };
            fake.faults(fakes::symphony::Operation::ListEntitledAdvisors, faults);
            let mut pager =
                client.list_entitled_advisors(NETWORK).with_max_attempts(1).stream().prefetch(prefetch);
            let all = all(&mut pager).await;
            assert_eq!((good(&all), bad(&all).len()), (texts(0..10), 1), "{failed} {prefetch}");
            let queries: Vec<_> = fake.received().into_iter().map(|request| request.query).collect();
            let failed = failed as usize;
            assert_eq!((queries.len(), &queries[failed - 1]), (5, &queries[failed]), "{failed} {prefetch}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_transient_kind_leaves_the_listing_at_its_page() {
    let long = Duration::from_secs(3600);
    let table = [
        (Fault::status(503), ErrorKind::Server),
        (Fault::status(500), ErrorKind::Server),
        (Fault::html(502), ErrorKind::Server),
        (Fault::reset(), ErrorKind::Server),
        (Fault::truncated_body(20), ErrorKind::Server),
        (Fault::too_many_requests(RateHeader::RetryAfter(long)), ErrorKind::RateLimited),
        (Fault::delay(long), ErrorKind::Timeout),
    ];
    for (fault, kind) in table {
        for (prefetch, concurrency) in [(0, 1), (2, 1), (0, 3)] {
            let clock = TestClock::new();
            let fake = gateway_with(6, |builder| builder.clock(clock.clone()));
            let client = fake.client().expect("a client");
            client.list_entitlements().count().await.expect("logged in");
            fake.faults(GetEntitlements, Fault::none().times(1).then(fault.clone().times(1)).then_normal());
            let listing =
                client.list_entitlements().page_size(2).concurrency(concurrency).with_max_attempts(1);
            let mut pager = listing.with_timeout(Duration::from_secs(5)).stream().prefetch(prefetch);
            let mut seen = Vec::new();
            let mut errors = Vec::new();
            while let Some(item) = pager.next().await {
                match item {
                    Ok(item) => seen.push(item.name()),
                    Err(error) => {
                        // What a caller does who reads the documentation.
                        clock.advance(error.retry_after().unwrap_or_default());
                        errors.push(error.kind());
                    }
                }
                assert!(errors.len() < 20, "{errors:?}");
            }
            assert_eq!(seen, ids(0..6), "{kind:?} {prefetch} {concurrency}");
            assert!(
                errors.contains(&kind) && errors.iter().all(|each| *each == kind),
                "{kind:?}: {errors:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_stays_down_is_asked_once_for_each_poll_and_loses_nothing() {
    for (prefetch, concurrency) in WAYS {
        let fake = gateway(12);
        let client = fake.client().expect("a client");
        let listing = client.list_entitlements().page_size(3).concurrency(concurrency).with_max_attempts(1);
        let mut pager = listing.stream().prefetch(prefetch);
        let mut seen = take(&mut pager, 2).await;
        settle().await;
        fake.faults(GetEntitlements, Fault::status(503).times(20).then_normal());
        let before = fake.list_requests();
        let mut failed = 0;
        while let Some(item) = in_time(pager.next()).await {
            match item {
                Ok(item) => seen.push(item.name()),
                Err(error) => {
                    assert!(error.is_transient());
                    failed += 1;
                }
            }
            settle().await;
            assert!(failed <= 20);
        }
        assert_eq!(seen, ids(0..12), "{prefetch} {concurrency}");
        assert!(fake.list_requests() - before <= 20 + 4 + concurrency as u64, "{prefetch} {concurrency}");
        fake.clear_faults();
    }
}

#[tokio::test]
async fn after_any_other_error_the_listing_is_over_and_keeps_its_cursor() {
    for status in [400, 403, 404, 301] {
        for failed in 1..=5 {
            for (prefetch, concurrency) in [(0, 1), (1, 1), (4, 1)] {
                let server = failing(failed, status).await;
                let listing = || crm_of(&server).list_entitlements().page_size(2).concurrency(concurrency);
                let mut pager = listing().stream().prefetch(prefetch);
                let all = all(&mut pager).await;
                let delivered = (failed - 1) * 2;
                assert_eq!(
                    (good(&all), bad(&all).len()),
                    (ids(0..delivered), 1),
                    "{status} {failed} {prefetch}"
                );
                assert!(all.last().expect("an error").is_err() && pager.is_terminated());
                settle().await;
                // A token that is refused is asked for once more; there is only the one.
                assert!(server.count() <= failed + 1, "{status} {failed}: {:?}", server.lines());
                assert!(pager.next().await.is_none());
                let cursor = through_text(&pager.cursor());
                assert_eq!(cursor.items_so_far(), delivered as u64);
                assert_eq!(
                    rest(listing().resume(cursor).stream()).await,
                    ids(delivered..10),
                    "{status} {failed}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_fatal_error_side_by_side_comes_behind_all_items_before_it() {
    for failed in 1..=5 {
        // By page, because the order in which requests arrive is open.
        let server = Server::start(move |asked| {
            let numbers: Vec<_> = (0..10).collect();
            let is_it = asked.number("page") == failed && asked.header("x-again").is_none();
            if is_it { (400, "{}".to_owned()) } else { (200, page_of(&numbers, asked, &json!(10))) }
        })
        .await;
        for concurrency in [2, 3, 8] {
            let listing = || crm_of(&server).list_entitlements().page_size(2).concurrency(concurrency);
            let mut pager = listing().stream();
            let all = all(&mut pager).await;
            let delivered = usize::try_from(failed - 1).expect("a few") * 2;
            assert_eq!((good(&all), bad(&all).len()), (ids(0..delivered), 1), "{failed} {concurrency}");
            let again = listing().with_header("x-again", "1").resume(through_text(&pager.cursor()));
            assert_eq!(rest(again.stream()).await, ids(delivered..10));
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_fatal_and_asked_for_once() {
    for body in ["", "7", "[]", "<html>", "{\"resourceSet\":[", "{\"other\":1}", "{\"resourceSet\":7}"] {
        let server = Server::start(move |asked| {
            let numbers: Vec<_> = (0..6).collect();
            if asked.number("page") == 2 {
                (200, body.to_owned())
            } else {
                (200, page_of(&numbers, asked, &json!(6)))
            }
        })
        .await;
        for prefetch in [0, 2] {
            let before = server.count();
            let mut pager = crm_of(&server).list_entitlements().page_size(2).stream().prefetch(prefetch);
            let all = all(&mut pager).await;
            assert_eq!(good(&all), ids(0..2), "{body}");
            assert_eq!(bad(&all)[0].kind(), ErrorKind::UnexpectedAnswer, "{body}");
            assert_eq!(server.count() - before, 2, "{body}");
        }
    }
}

#[tokio::test]
async fn a_token_that_ends_between_pages_is_renewed_without_a_word() {
    let clock = TestClock::new();
    let fake = gateway_with(12, |builder| builder.clock(clock.clone()));
    let client = fake.client().expect("a client");
    for (prefetch, concurrency) in [(0, 1), (1, 1), (0, 3)] {
        let mut pager =
            client.list_entitlements().page_size(2).concurrency(concurrency).stream().prefetch(prefetch);
        for number in 0..12 {
            assert_eq!(take(&mut pager, 1).await, ids(number..=number));
            // A call that is on its way has a deadline.
            settle().await;
            clock.advance(Duration::from_secs(301));
        }
        assert!(pager.next().await.is_none());
    }
    assert!(fake.keycloak().counts().logins + fake.keycloak().counts().refreshes > 6);

    let clock = TestClock::new();
    let fake = fakes::symphony::Fake::builder().clock(clock.clone()).page_size(2).start_in_process();
    for number in 0..8 {
        fake.add_advisor(NETWORK, user(number));
    }
    let mut pager = fake.client().expect("a client").list_entitled_advisors(NETWORK).stream();
    for number in 0..8 {
        assert_eq!(take(&mut pager, 1).await, texts(number..=number));
        clock.advance(Duration::from_secs(301));
    }
    let tokens: std::collections::HashSet<_> =
        fake.received().iter().filter_map(|request| request.bearer().map(str::to_owned)).collect();
    assert!(tokens.len() >= 3, "{}", tokens.len());
}

#[tokio::test]
async fn a_token_that_is_refused_between_pages_is_renewed_and_the_page_asked_for_again() {
    for (prefetch, concurrency) in WAYS {
        let fake = gateway(12);
        let client = fake.client().expect("a client");
        let listing = client.list_entitlements().page_size(2).concurrency(concurrency);
        let mut pager = listing.stream().prefetch(prefetch);
        let mut seen = take(&mut pager, 2).await;
        fake.keycloak().push_not_before();
        seen.extend(take(&mut pager, 10).await);
        assert_eq!(seen, ids(0..12));
        assert!(pager.next().await.is_none());
    }
}

#[tokio::test]
async fn a_login_that_fails_ends_the_listing_and_a_new_login_goes_on() {
    let fake = fakes::crm_gateway::Fake::builder().seed(6, entitlement).start().await;
    let wrong = crm_gateway::Client::builder(fake.uri())
        .auth(
            Keycloak::new(fake.keycloak().token_url())
                .client_id("crm_client")
                .password("crm_client_user", "not-it"),
        )
        .build()
        .expect("a client");
    let mut pager = wrong.list_entitlements().page_size(2).stream().prefetch(1);
    let error = pager.next().await.expect("an error").expect_err("no login");
    assert_eq!(error.kind(), ErrorKind::LoginFailed);
    assert!(pager.next().await.is_none());
    let right = fake.client().expect("a client");
    let resumed = right.list_entitlements().resume(through_text(&pager.cursor()));
    assert_eq!(rest(resumed.stream()).await, ids(0..6));
    assert_eq!(fake.list_requests(), 3);
}

#[tokio::test]
async fn pages_go_on_after_a_transient_error_and_end_after_another() {
    let fake = gateway(6);
    let client = fake.client().expect("a client");
    for prefetch in [0, 2] {
        fake.faults(
            GetEntitlements,
            Fault::none()
                .times(1)
                .then(Fault::status(503).times(1))
                .then(Fault::none().times(1))
                .then(Fault::status(400).times(1))
                .then_normal(),
        );
        let listing = client.list_entitlements().page_size(2).with_max_attempts(1);
        let mut pages = listing.stream().pages().prefetch(prefetch);
        let mut told = Vec::new();
        while let Some(page) = pages.next().await {
            told.push(page.map(|page| names(&page.items)).map_err(|error| error.kind()));
        }
        let expected = [Ok(ids(0..2)), Err(ErrorKind::Server), Ok(ids(2..4)), Err(ErrorKind::Rejected)];
        assert_eq!(told, expected);
        assert!(pages.next().await.is_none() && pages.is_terminated());
        let resumed = client.list_entitlements().resume(through_text(&pages.cursor()));
        assert_eq!(rest(resumed.stream()).await, ids(4..6));
        fake.clear_faults();
    }
}

#[tokio::test]
async fn an_answer_in_the_place_of_a_page_keeps_its_words_to_itself() {
    let fake = gateway(2);
    fake.reply_next(Reply::json(400, &json!({"code": 400, "message": "ada@acme.example"})));
    let mut pager = fake.client().expect("a client").list_entitlements().stream();
    let error = pager.next().await.expect("an error").expect_err("refused");
    assert!(!format!("{error}{error:?}").contains("ada@"));
}
