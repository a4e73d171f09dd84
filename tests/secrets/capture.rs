//! Everything that any crate of the process tells, at every level, by `tracing` and by `log`.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing::{Subscriber, field::Visit, span};
use tracing_subscriber::{Layer, Registry, layer::Context, layer::SubscriberExt, registry::LookupSpan};

static TOLD: Mutex<Told> = Mutex::new(Told { text: String::new(), targets: BTreeSet::new() });

struct Told {
    text: String,
    targets: BTreeSet<String>,
}

fn told() -> MutexGuard<'static, Told> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens from now on, in all threads. There is no way back, so this is a process of its own.
pub(crate) fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        let all = Registry::default().with(Capture);
        tracing::subscriber::set_global_default(all).expect("the only subscriber");
        log::set_logger(&Capture).expect("the only logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// What was told since the last time.
pub(crate) fn take() -> String {
    std::mem::take(&mut told().text)
}

/// Who has told anything so far: the crates' and modules' names.
pub(crate) fn targets() -> BTreeSet<String> {
    told().targets.clone()
}

/// wiremock is the server of a test, and tells what it was asked.
fn is_a_test_tool(target: &str) -> bool {
    target == "wiremock" || target.starts_with("wiremock::")
}

fn tell(target: &str, text: &str) {
    if !is_a_test_tool(target) {
        let mut told = told();
        let _ = writeln!(told.text, "{target}: {text}");
        if !told.targets.contains(target) {
            told.targets.insert(target.to_owned());
        }
    }
}

struct Capture;

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        // Not by `Debug` alone, which would escape.
        let _ = write!(self.0, " {}={value} {value:?}", field.name());
    }

    fn record_error(&mut self, field: &tracing::field::Field, value: &(dyn std::error::Error + 'static)) {
        let mut next = Some(value);
        while let Some(error) = next {
            let _ = write!(self.0, " {}={error} {error:?}", field.name());
            next = error.source();
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?} {value:#?}", field.name());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let metadata = attributes.metadata();
        tell(metadata.target(), &format!("{}{}", metadata.name(), fields.0));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let target = context.metadata(id).map_or("", tracing::Metadata::target);
        tell(target, &fields.0);
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        tell(event.metadata().target(), &fields.0);
    }
}

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        tell(record.target(), &record.args().to_string());
    }

    fn flush(&self) {}
}
