//! Fakes as the other end of a client in the same process, without a socket.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::{
    Request,
    body::AnswerBody,
    core::{Answerer, Delivery},
};
use crate::transport::Unanswered;

/// Which fake answers at which address.
#[derive(Clone, Default)]
pub(crate) struct InProcess(Vec<(String, Arc<dyn Answerer>)>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(uri, _)| uri)).finish()
    }
}

impl InProcess {
    pub(super) fn with(mut self, uri: String, fake: Arc<dyn Answerer>) -> Self {
        self.0.push((uri, fake));
        self
    }

    /// As the network does it: with the request's timeout until the last byte of the body.
    pub(crate) async fn execute(&self, request: reqwest::Request) -> Result<Response, Unanswered> {
        let url = request.url();
        let origin = url.origin().ascii_serialization();
        let Some((_, fake)) = self.0.iter().find(|(uri, _)| *uri == origin) else {
            return Err(Unanswered::NotSent(None, false));
        };
        let body = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice);
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let method = request.method().clone();
        let own =
            Request::new(method.clone(), path, query, request.headers().clone(), body.unwrap_or_default());
        let end = request.timeout().and_then(|timeout| Instant::now().checked_add(*timeout));
        let flight = fake.clone().take_off();
        // The other side has its turn, as on a wire: other tasks run before the answer comes.
        tokio::task::yield_now().await;
        let answer = fake.answer(own);
        pause(answer.delay, end).await?;
        let delivery = match answer.delivery {
            Delivery::Reset => return Err(Unanswered::Lost(None, false)),
            Delivery::Cut(cut) => match cut.after.checked_sub(answer.head_length()) {
                None => return Err(Unanswered::Lost(None, false)),
                Some(bytes) => Delivery::Truncated(bytes),
            },
            other => other,
        };
        let status = answer.reply.status;
        // As on a wire, where these have none.
        let has_body = method != http::Method::HEAD && status != 204 && status != 304;
        let mut body = if has_body {
            AnswerBody::new(answer.reply.body, delivery, flight)
        } else {
            AnswerBody::new(Bytes::new(), Delivery::Whole, flight)
        };
        if let Some(end) = end {
            body = body.until(end);
        }
        let mut response = http::Response::new(reqwest::Body::wrap(body));
        *response.status_mut() = status;
        *response.headers_mut() = answer.reply.headers;
        Ok(response.into())
    }
}

async fn pause(delay: Duration, end: Option<Instant>) -> Result<(), Unanswered> {
    if delay.is_zero() {
        return Ok(());
    }
    match end {
        None => tokio::time::sleep(delay).await,
        Some(end) => {
            let late = timeout_at(end, tokio::time::sleep(delay)).await;
            late.map_err(|_| Unanswered::Lost(None, true))?;
        }
    }
    Ok(())
}
