//! What an application sees in its traces: a span per call and per attempt, and nothing that is
//! secret or personal.
//!
//! In a process of its own: a thread without a subscriber that is the first to come to a span while
//! another thread sets one would switch the span off for both.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use entitlements::{
    ErrorKind,
    auth::StaticToken,
    fakes::{Fault, connect, crm_gateway, symphony},
    symphony::{Advisor, ExternalNetwork},
    time::TestClock,
};
use tracing::{Subscriber, field::Visit, span};
use tracing_subscriber::{Layer, Registry, layer::Context, layer::SubscriberExt, registry::LookupSpan};

type Fields = Vec<(String, String)>;

#[derive(Debug, Clone)]
struct Seen {
    name: &'static str,
    parent: Option<&'static str>,
    ours: bool,
    fields: Fields,
}

impl Seen {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The id of a span, or none of an event.
type Entry = (Option<u64>, Seen);

/// Keeps every span and event, of this crate and of the libraries below it.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<Entry>>>);

struct Fill<'a>(&'a mut Fields);

impl Visit for Fill<'_> {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.0.push((field.name().to_owned(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0.push((field.name().to_owned(), format!("{value:?}")));
    }
}

impl Capture {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spans(&self, name: &str) -> Vec<Seen> {
        let is_it = |seen: &&Entry| seen.1.ours && seen.1.name == name;
        self.lock().iter().filter(is_it).map(|(_, seen)| seen.clone()).collect()
    }

    fn text(&self) -> String {
        format!("{:?}", self.lock())
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Vec::new();
        attributes.record(&mut Fill(&mut fields));
        let metadata = attributes.metadata();
        let parent = context.span(id).and_then(|span| Some(span.parent()?.name()));
        let ours = metadata.target().starts_with("entitlements");
        self.lock().push((Some(id.into_u64()), Seen { name: metadata.name(), parent, ours, fields }));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut all = self.lock();
        let newest = all.iter_mut().rev().find(|(other, _)| *other == Some(id.into_u64()));
        if let Some((_, seen)) = newest {
            values.record(&mut Fill(&mut seen.fields));
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Vec::new();
        event.record(&mut Fill(&mut fields));
        let seen = Seen { name: event.metadata().name(), parent: None, ours: false, fields };
        self.lock().push((None, seen));
    }
}

/// What is seen on this thread, at every level.
fn capture() -> (Capture, tracing::subscriber::DefaultGuard) {
    let capture = Capture::default();
    let guard = tracing::subscriber::set_default(Registry::default().with(capture.clone()));
    (capture, guard)
}

#[tokio::test]
async fn a_call_and_its_attempts_have_spans_with_the_names_of_opentelemetry() {
    let faults = Fault::status(503).then(Fault::reset()).then_normal();
    let operation = symphony::Operation::GetCustomerEntitlement;
    let fake = symphony::Fake::builder().accept_token(TOKEN).faults(operation, faults).start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    let client = symphony_client(&fake);
    let (capture, _guard) = capture();
    let advisor = Advisor::email("ada@acme.example");
    let error = client.get_advisor_entitlement(ExternalNetwork::Line, advisor).send().await;
    assert!(error.expect_err("not entitled").is_not_found());

    let calls = capture.spans("call");
    let [call] = &calls[..] else { panic!("one call: {calls:?}") };
    assert_eq!(call.field("otel.name"), Some("symphony.get_advisor_entitlement"));
    assert_eq!(call.field("http.request.method"), Some("GET"));
    assert_eq!(call.field("url.template"), Some("/api/v2/customer/advisor/entitlements"));
    assert_eq!(call.field("server.address"), Some("127.0.0.1"));
    assert!(call.field("server.port").is_some_and(|port| fake.uri().contains(port)));
    assert_eq!(call.field("http.response.status_code"), Some("404"));
    assert_eq!(call.field("http.request.resend_count"), Some("2"));
    assert_eq!(call.field("error.type"), Some("not_found"));

    let attempts = capture.spans("attempt");
    let told = |name| attempts.iter().map(|seen| seen.field(name)).collect::<Vec<_>>();
    assert_eq!(told("http.request.resend_count"), [Some("0"), Some("1"), Some("2")]);
    assert_eq!(told("http.response.status_code"), [Some("503"), None, Some("404")]);
    assert_eq!(told("error.type"), [Some("503"), Some("server"), Some("404")]);
    assert_eq!(told("otel.kind"), [Some("client"); 3]);
    assert_eq!(told("otel.name"), [Some("GET /api/v2/customer/advisor/entitlements"); 3]);
    assert!(attempts.iter().all(|seen| seen.parent == Some("call")));
}

#[tokio::test]
async fn a_success_has_no_error_and_a_call_that_was_refused_here_has_no_attempt() {
    let fake = symphony::Fake::start().await;
    let client = fake.client().expect("a client");
    let (capture, _guard) = capture();
    client.list_entitlements().send().await.expect("lists");
    let error = client.get_advisor_entitlement("LINE", Advisor::id("")).send().await;
    assert_eq!(error.expect_err("no id").kind(), ErrorKind::InvalidInput);
    let calls = capture.spans("call");
    assert_eq!(calls[0].field("http.response.status_code"), Some("200"));
    assert_eq!(calls[0].field("error.type"), None);
    assert_eq!(calls[1].field("error.type"), Some("invalid_input"));
    assert_eq!(capture.spans("attempt").len(), 1);
}

#[tokio::test]
async fn nothing_secret_or_personal_is_told_at_any_level() {
    let (capture, _guard) = capture();
    let fake = symphony::Fake::builder().accept_token(TOKEN).start().await;
    fake.add_user("351775001412105", "ada.secret@acme.example", "Secretada", "Byron");
    let client = symphony_client(&fake);
    let ada = || Advisor::email("ada.secret@acme.example");
    client.add_entitlement(ExternalNetwork::Line, ada()).send().await.expect("added");
    let raw = client.request("GET", "/api/v2/customer/ada.secret@acme.example").header("x-key", "secret-key");
    raw.send().await.expect_err("no such path");
    client.remove_entitlement(ExternalNetwork::Line, ada()).send().await.expect("removed");
    client.list_entitled_advisors("LINE").after("secret-cursor").send().await.expect_err("no such cursor");

    let gateway = crm_gateway::Fake::start().await;
    let crm = gateway.client().expect("a client");
    let filter = entitlements::crm_gateway::Filter::eq("accountId", "secret-account");
    crm.list_entitlements().filter(filter).tenant("secret-tenant").send().await.ok();

    let connect = connect::Fake::start().await;
    let app = connect.client().expect("a client");
    let phone = entitlements::connect::Credential::phone("+4712345678");
    app.shield(phone).channel("DM").enterprise("468979834").send().await.ok();

    let text = capture.text();
    assert!(text.contains("symphony.add_entitlement") && text.contains("connect.shield"), "{text}");
    for secret in ["secret", "Secretada", "+4712345678", "4712345678", "Bearer"] {
        let lower = text.to_lowercase();
        assert!(!lower.contains(&secret.to_lowercase()), "`{secret}` in {text}");
    }
}

const TOKEN: &str = "plainly-fake-secret-token";

fn symphony_client(fake: &symphony::Fake) -> entitlements::symphony::Client {
    let builder = entitlements::symphony::Client::builder(format!("{}/admin", fake.uri()))
        .auth(StaticToken::new(TOKEN));
    builder.clock(TestClock::new()).build().expect("a client")
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_in_the_span_of_the_call() {
    let fake = symphony::Fake::builder().accept_token(TOKEN).start().await;
    fake.reply_next(entitlements::fakes::Reply::new(200).with_body("text/html", "<html>"));
    let (capture, _guard) = capture();
    symphony_client(&fake).list_entitlements().send().await.expect_err("no JSON");
    let call = &capture.spans("call")[0];
    assert_eq!(call.field("error.type"), Some("unexpected_answer"));
    assert_eq!(call.field("http.response.status_code"), Some("200"));
}
