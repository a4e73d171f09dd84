//! Work in a task of its own that ends with its owner.

use std::{
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{runtime::Handle, task::JoinHandle};
use tracing::Instrument;

/// A task that is stopped when this is dropped. It gives `None` if its runtime ended before it did, and
/// hands a panic on.
pub(super) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    /// Starts it in the present span.
    pub(super) fn spawn(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(runtime.spawn(work.in_current_span()))
    }
}

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(context).map(|ended| match ended {
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            ended => ended.ok(),
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
