//! Spans of a call and of its attempts, with the names of OpenTelemetry's conventions for HTTP
//! clients. They tell the template of a path, never the path, a header or a body.

use tracing::{Span, field::Empty};

use super::{OperationInfo, Server, attempt::Outcome};
use crate::{Error, ErrorKind, response::Raw};

/// The span of a call: the time until the caller has an answer, waits and repeats included.
pub(crate) fn call(info: &OperationInfo, method: &str, template: Option<&str>, server: &Server) -> Span {
    tracing::info_span!(
        "call",
        otel.name = info.name,
        otel.kind = "internal",
        http.request.method = method,
        url.template = template,
        server.address = server.host(),
        server.port = server.port(),
        http.response.status_code = Empty,
        http.request.resend_count = Empty,
        error.r#type = Empty,
    )
}

/// Says in the span of a call which answer it kept.
pub(crate) fn answered(span: &Span, raw: &Raw) {
    span.record("http.response.status_code", raw.status.as_u16());
    span.record("http.request.resend_count", raw.attempts.saturating_sub(1));
}

/// Says in the span of a call why it failed.
pub(crate) fn failed(span: &Span, error: &Error) {
    if let Some(status) = error.status() {
        span.record("http.response.status_code", status.as_u16());
    }
    span.record("http.request.resend_count", error.attempts().saturating_sub(1));
    span.record("error.type", error_type(error.kind()));
}

/// The span of one attempt, from sending to the last byte of the answer.
pub(crate) fn attempt(method: &str, template: Option<&str>, server: &Server, attempt: u32) -> Span {
    tracing::debug_span!(
        "attempt",
        otel.name = format_args!("{method}{}{}", template.map_or("", |_| " "), template.unwrap_or_default()),
        otel.kind = "client",
        http.request.method = method,
        url.template = template,
        server.address = server.host(),
        server.port = server.port(),
        http.request.resend_count = attempt - 1,
        http.response.status_code = Empty,
        error.r#type = Empty,
    )
}

/// Says in the span of an attempt what came of it.
pub(crate) fn attempted(span: &Span, outcome: &Outcome) {
    match outcome {
        Outcome::Answer(raw) => {
            span.record("http.response.status_code", raw.status.as_u16());
            if raw.status.is_client_error() || raw.status.is_server_error() {
                span.record("error.type", raw.status.as_str());
            }
        }
        Outcome::NotSent(error)
        | Outcome::Lost(error)
        | Outcome::TooLarge(error)
        | Outcome::Unbuildable(error) => {
            if let Some(status) = error.status() {
                span.record("http.response.status_code", status.as_u16());
            }
            span.record("error.type", error_type(error.kind()));
        }
    }
}

fn error_type(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "invalid_input",
        ErrorKind::Configuration => "configuration",
        ErrorKind::NotSent => "not_sent",
        ErrorKind::OutcomeUnknown => "outcome_unknown",
        ErrorKind::Timeout => "timeout",
        ErrorKind::LoginFailed => "login_failed",
        ErrorKind::LoginRequired => "login_required",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Rejected => "rejected",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::Server => "server",
        ErrorKind::UnexpectedAnswer => "unexpected_answer",
        ErrorKind::Pagination => "pagination",
    }
}
