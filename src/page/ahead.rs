//! Pages that are fetched while the caller works on the one before.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::{runtime::Handle, sync::mpsc};

use super::{Read, reader::Reader, task::Task};
use crate::{Error, Result};

/// How many more pages may exist at the same time: under way, waiting, or in the caller's hands.
pub(super) struct Credits {
    free: AtomicUsize,
    waker: AtomicWaker,
}

impl Credits {
    fn new(free: usize) -> Self {
        Self { free: AtomicUsize::new(free), waker: AtomicWaker::new() }
    }

    pub(super) fn take(&self) -> bool {
        let one_less = |free: usize| free.checked_sub(1);
        self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).is_ok()
    }

    /// Takes up to so many, and says how many.
    fn take_some(&self, most: usize) -> usize {
        let less = |free: usize| Some(free.saturating_sub(most));
        let free = self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        free.unwrap_or_default().min(most)
    }

    pub(super) fn give(&self, more: usize) {
        if more > 0 {
            self.free.fetch_add(more, Ordering::AcqRel);
            self.waker.wake();
        }
    }
}

/// What the task tells.
enum News<T> {
    Page(Read<T>),
    /// It is over, by an error or at the end. The reader goes on if the error may pass.
    Stopped(Option<Error>, Reader<T>),
}

/// What comes after the page at hand.
pub(super) enum Next<T> {
    Page(Read<T>),
    /// Nothing more, by an error or at the end.
    Ended(Option<Error>),
    /// An error that may pass.
    Failed(Error, Reader<T>),
    /// The runtime of the task ended, and the reader with it.
    Lost,
}

/// A reader in a task of its own, which ends with this.
pub(super) struct Ahead<T> {
    task: Task<()>,
    news: mpsc::UnboundedReceiver<News<T>>,
    credits: Arc<Credits>,
    pages: usize,
    /// How many of the credits the caller's present page holds.
    held: usize,
    /// How many credits to keep when they come back, because fewer pages may be ahead by now.
    debt: usize,
}

impl<T: Send + 'static> Ahead<T> {
    /// Lets `pages` of them be ahead of the caller.
    pub(super) fn spawn(runtime: &Handle, reader: Reader<T>, pages: usize) -> Self {
        let most = pages.saturating_add(reader.concurrency());
        let credits = Arc::new(Credits::new(most.saturating_sub(reader.under_way())));
        // Bounded by the credits.
        let (sender, news) = mpsc::unbounded_channel();
        let task = Task::spawn(runtime, read_ahead(reader, credits.clone(), sender));
        Self { task, news, credits, pages, held: 0, debt: 0 }
    }

    /// Changes how many may be ahead. Pages that are there already stay.
    pub(super) fn set(&mut self, pages: usize) {
        self.debt = self.debt.saturating_add(self.pages.saturating_sub(pages));
        let more = pages.saturating_sub(self.pages);
        let paid = more.min(self.debt);
        self.debt -= paid;
        self.credits.give(more - paid);
        self.debt -= self.credits.take_some(self.debt);
        self.pages = pages;
    }

    /// The next page. The one before is in nobody's hands any more.
    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Next<T>> {
        let back = std::mem::take(&mut self.held);
        let paid = back.min(self.debt);
        self.debt -= paid;
        self.credits.give(back - paid);
        Poll::Ready(match ready!(self.news.poll_recv(context)) {
            Some(News::Page(page)) => {
                self.held = 1;
                Next::Page(page)
            }
            Some(News::Stopped(Some(error), reader)) if error.is_transient() => Next::Failed(error, reader),
            Some(News::Stopped(error, _)) => Next::Ended(error),
            None => {
                // If it has panicked, so does this.
                ready!(Pin::new(&mut self.task).poll(context));
                Next::Lost
            }
        })
    }
}

async fn read_ahead<T: Send + 'static>(
    mut reader: Reader<T>,
    credits: Arc<Credits>,
    sender: mpsc::UnboundedSender<News<T>>,
) {
    let stopped = loop {
        match next_page(&mut reader, &credits).await {
            Some(Ok(page)) => {
                if sender.send(News::Page(page)).is_err() {
                    return;
                }
            }
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    // Whoever asked may have gone.
    let _ = sender.send(News::Stopped(stopped, reader));
}

async fn next_page<T: Send + 'static>(reader: &mut Reader<T>, credits: &Credits) -> Option<Result<Read<T>>> {
    std::future::poll_fn(|context| {
        credits.waker.register(context.waker());
        reader.poll_page(context, Some(credits))
    })
    .await
}
