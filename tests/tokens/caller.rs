//! One call, and callers who go away.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::day::{Leaves, Plan};

/// Polls a future so often and then drops it.
pub(crate) struct Impatient<F> {
    inner: Option<Pin<Box<F>>>,
    polls: u32,
    /// Polls again without having been woken.
    eager: bool,
}

impl<F: Future> Impatient<F> {
    pub(crate) fn new(inner: F, polls: u32, eager: bool) -> Self {
        Self { inner: Some(Box::pin(inner)), polls, eager }
    }
}

/// `None` is a future that was dropped.
impl<F: Future> Future for Impatient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(left) = self.polls.checked_sub(1) else {
            self.inner = None;
            return Poll::Ready(None);
        };
        self.polls = left;
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = inner.as_mut().poll(context).map(Some);
        if polled.is_pending() && self.eager {
            context.waker().wake_by_ref();
        }
        polled
    }
}

/// `None` if the caller went away first.
pub(crate) async fn call<F: Future>(plan: Plan, inner: F) -> Option<F::Output> {
    match plan.leaves {
        Leaves::Never => Some(inner.await),
        Leaves::AfterPolls { polls, eager } => Impatient::new(inner, polls, eager).await,
        Leaves::After(time) => tokio::time::timeout(time, inner).await.ok(),
    }
}
