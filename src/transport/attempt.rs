//! One request, one answer with its whole body, or a failure that says what may have happened.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::Request;

use super::{Sender, Unanswered, hint, sender::Fault, tls};
use crate::{Error, ErrorKind, response::Raw};

/// What came of an attempt.
pub(crate) enum Outcome {
    /// An answer with its complete body.
    Answer(Raw),
    /// No connection was made: the server saw nothing.
    NotSent(Error),
    /// The request may have been carried out, but its answer did not arrive whole.
    Lost(Error),
    /// The request may have been carried out, but its answer is larger than allowed; repeating it
    /// changes nothing.
    TooLarge(Error),
    /// The request cannot be sent as it is.
    Unbuildable(Error),
}

/// Sends the request and reads the body inside the attempt, so that a body that breaks off
/// counts as a failed attempt.
pub(crate) async fn run(http: &Sender, request: Request, max_body: usize) -> Outcome {
    let secure = request.url().scheme() == "https";
    let mut response = match http.execute(request).await {
        Ok(response) => response,
        Err(unanswered) => return failed_to_send(unanswered, secure),
    };
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    match read_body(response, &headers, max_body).await {
        Ok(body) => Outcome::Answer(Raw::new(status, headers, body)),
        Err(BodyFailure::TooLarge(body)) => Outcome::TooLarge(too_large(status, headers, body, max_body)),
        Err(BodyFailure::Broke(error, body)) => {
            let (kind, message) = if error.is_timeout() {
                (ErrorKind::Timeout, "the answer's body did not arrive in time")
            } else {
                (ErrorKind::Server, "the answer's body broke off")
            };
            let lost =
                Error::new(kind, message).with_answer(status, headers, body).with_source(error.without_url());
            Outcome::Lost(lost)
        }
    }
}

fn failed_to_send(unanswered: Unanswered, secure: bool) -> Outcome {
    let with_source = |kind, message, source: Option<reqwest::Error>| {
        let error = Error::new(kind, message);
        match source {
            Some(source) => error.with_hint(hint::of_failure(&source, secure)).with_source(source),
            None => error,
        }
    };
    match unanswered {
        Unanswered::Unbuildable(source) => {
            let message = "the request cannot be built; check the base URL and the TLS features";
            Outcome::Unbuildable(Error::new(ErrorKind::Configuration, message).with_source(source))
        }
        Unanswered::NotSent(source, late) => {
            let plain =
                if late { "no connection within the connect timeout" } else { "no connection to the server" };
            let message = source.as_ref().and_then(tls::failure).unwrap_or(plain);
            Outcome::NotSent(with_source(ErrorKind::NotSent, message, source))
        }
        Unanswered::Lost(source, late) => {
            let fault = Fault::of(source.as_ref());
            let (kind, message) = match fault {
                _ if late => (ErrorKind::Timeout, "no answer within the time for one attempt"),
                Fault::HeadTooLarge => (
                    ErrorKind::UnexpectedAnswer,
                    "the answer's head is too large: too many headers or too long",
                ),
                Fault::NotHttp => (
                    ErrorKind::UnexpectedAnswer,
                    "what came is not an HTTP answer; check scheme and port of the base URL",
                ),
                Fault::Gone => (ErrorKind::Server, "the connection was lost before the answer came"),
            };
            let error = with_source(kind, message, source);
            if fault == Fault::HeadTooLarge { Outcome::TooLarge(error) } else { Outcome::Lost(error) }
        }
    }
}

/// Most pages are smaller; a larger body takes its room as it comes.
const USUAL_BODY: usize = 1024 * 1024;

enum BodyFailure {
    TooLarge(Bytes),
    Broke(reqwest::Error, Bytes),
}

async fn read_body(
    mut response: reqwest::Response,
    headers: &HeaderMap,
    max_body: usize,
) -> Result<Bytes, BodyFailure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    let mut whole: Option<Bytes> = None;
    let mut joined = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(whole.unwrap_or_else(|| joined.freeze())),
            Ok(Some(chunk)) => {
                let length = whole.as_ref().map_or(joined.len(), Bytes::len) + chunk.len();
                if length > max_body {
                    return Err(BodyFailure::TooLarge(whole.unwrap_or_else(|| joined.freeze())));
                }
                // Most answers are one chunk, which needs no copy.
                if whole.is_none() && joined.is_empty() {
                    whole = Some(chunk);
                    continue;
                }
                if let Some(first) = whole.take() {
                    // What a server announces is not what it sends: it gets room for what is usual.
                    joined.reserve(announced.min(max_body).min(USUAL_BODY).max(first.len() + chunk.len()));
                    joined.extend_from_slice(&first);
                }
                joined.extend_from_slice(&chunk);
            }
            Err(error) => {
                return Err(BodyFailure::Broke(error, whole.unwrap_or_else(|| joined.freeze())));
            }
        }
    }
}

fn too_large(status: StatusCode, headers: HeaderMap, body: Bytes, max_body: usize) -> Error {
    let message =
        format!("the answer is larger than the {max_body} bytes allowed; see `max_body` of the builder");
    Error::new(ErrorKind::UnexpectedAnswer, message).with_answer(status, headers, body)
}
