//! Listings whose answers a test writes down.

use std::sync::{Arc, Mutex};

use super::server::name;
use crate::{
    Error, ErrorKind, Result,
    generated::{crm_gateway, symphony},
    page::{Cursor, CursorSource, Fetched, Fingerprint, Listed, NumberSource, Pager, Position},
    time::BoxFuture,
};

/// An item that is its id; blank if it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(pub(super) String);

impl Listed for Word {
    fn id(&self) -> Option<&str> {
        Some(&*self.0).filter(|id| !id.is_empty())
    }

    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) type Answer = Result<Fetched<Word>>;

/// Which pages were asked for, in order.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().expect("lock").clone()
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().expect("lock").len()
    }

    /// Takes note, and gives how many were asked for before.
    fn note(&self, position: &Position) -> usize {
        let mut all = self.0.lock().expect("lock");
        all.push(name(position));
        all.len() - 1
    }
}

/// Words; `!` is one that cannot be decoded, and the empty one is `{}`.
pub(super) fn fetched(words: &[&str], total: Option<u64>, next: Option<&str>) -> Fetched<Word> {
    let item = |word: &&str| match *word {
        "!" => Err(failed(ErrorKind::UnexpectedAnswer)),
        word => Ok(Word(word.to_owned())),
    };
    let next = next.map(|cursor| Position::After(cursor.to_owned()));
    Fetched { items: words.iter().map(item).collect(), count: words.len() as u64, total, next }
}

pub(super) fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, "as the test says")
}

/// A listing by cursor; `answer` gets how many pages were asked for before, and the position.
pub(super) fn by_cursor(
    resume: Option<Cursor>,
    answer: impl Fn(usize, &Position) -> Answer + Send + Sync + 'static,
) -> (Pager<Word>, Asked) {
    let asked = Asked::default();
    let noted = asked.clone();
    let fetch = move |position: Position| -> BoxFuture<'static, Answer> {
        let answer = answer(noted.note(&position), &position);
        Box::pin(async move { answer })
    };
    let source = CursorSource::<symphony::op::ListEntitledAdvisors, _>::new(Fingerprint::of(["a"]), fetch);
    (Pager::new(source, Position::Start, resume), asked)
}

/// The same answers in the order in which they are asked for; the last one comes for ever.
pub(super) fn in_turn(answers: Vec<(&'static [&'static str], Option<&'static str>)>) -> (Pager<Word>, Asked) {
    by_cursor(None, move |nth, _| {
        let (words, next) = answers[nth.min(answers.len() - 1)];
        Ok(fetched(words, None, next))
    })
}

/// What a listing by number is asked for, and how it answers.
pub(super) struct Numbered {
    pub(super) size: u64,
    pub(super) concurrency: usize,
    pub(super) resume: Option<Cursor>,
}

impl Numbered {
    pub(super) fn by(size: u64) -> Self {
        Self { size, concurrency: 1, resume: None }
    }

    pub(super) fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    pub(super) fn resume(self, cursor: Cursor) -> Self {
        Self { resume: Some(cursor), ..self }
    }

    /// `answer` gets how many pages were asked for before, the page and the limit.
    pub(super) fn answers(
        self,
        answer: impl Fn(usize, u64, u64) -> Answer + Send + Sync + 'static,
    ) -> (Pager<Word>, Asked) {
        let asked = Asked::default();
        let noted = asked.clone();
        let fetch = move |position: Position| -> BoxFuture<'static, Answer> {
            let Position::Number { page, limit } = position else { unreachable!("a page by number") };
            let answer = answer(noted.note(&position), page, limit);
            Box::pin(async move {
                // One turn of the others, as on a network.
                tokio::task::yield_now().await;
                answer
            })
        };
        let fingerprint = Fingerprint::of(["a"]);
        let source =
            NumberSource::<crm_gateway::op::ListEntitlements, _>::new(fingerprint, self.concurrency, fetch);
        let start = Position::Number { page: 1, limit: self.size };
        (Pager::new(source, start, self.resume), asked)
    }

    /// A list that stays as it is.
    pub(super) fn lists(self, all: &[String], cap: u64, total: Option<u64>) -> (Pager<Word>, Asked) {
        let all = all.to_vec();
        self.answers(move |_, page, limit| Ok(page_of(&all, page, limit.min(cap), total)))
    }
}

pub(super) fn page_of(all: &[String], page: u64, size: u64, total: Option<u64>) -> Fetched<Word> {
    let take = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let start = take((page - 1).saturating_mul(size));
    let words: Vec<&str> = all.iter().skip(start).take(take(size)).map(String::as_str).collect();
    fetched(&words, total, None)
}

/// `1`, `2` and so on.
pub(super) fn words(to: u64) -> Vec<String> {
    (1..=to).map(|number| number.to_string()).collect()
}

/// What a listing gives until its end or an error that is not of one item: words, `!` for an item
/// that cannot be decoded, and the error.
pub(super) async fn all_of(pager: &mut Pager<Word>) -> (Vec<String>, Option<ErrorKind>) {
    let mut all = Vec::new();
    while let Some(next) = pager.next().await {
        match next {
            Ok(word) => all.push(word.0),
            Err(error) if error.kind() == ErrorKind::UnexpectedAnswer => all.push("!".to_owned()),
            Err(error) => return (all, Some(error.kind())),
        }
        assert!(all.len() < 100_000, "the listing does not end");
    }
    (all, None)
}

/// So many items, one after the other.
pub(super) async fn some_of(pager: &mut Pager<Word>, number: usize) -> Vec<String> {
    let mut some = Vec::new();
    while some.len() < number {
        some.push(pager.try_next().await.expect("an item").expect("not the end").0);
    }
    some
}

/// The cursor as it comes out of a file.
pub(super) fn kept(pager: &Pager<Word>) -> Cursor {
    let text = serde_json::to_string(&pager.cursor()).expect("a cursor can be written");
    serde_json::from_str(&text).expect("a cursor can be read")
}
