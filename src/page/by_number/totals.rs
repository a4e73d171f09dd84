//! What the server says about how many items there are.

/// The totals of a listing: used, and not trusted.
pub(super) struct Totals {
    last: Option<u64>,
    /// Whether the server sent more items than it says there are.
    is_wrong: bool,
    lowest: u64,
    risen: u64,
    has_changed: bool,
}

impl Totals {
    pub(super) fn new() -> Self {
        Self { last: None, is_wrong: false, lowest: u64::MAX, risen: 0, has_changed: false }
    }

    /// Takes the total of a page that begins here, and says by how much it has fallen.
    pub(super) fn note(&mut self, told: Option<u64>, start: u64, count: u64) -> u64 {
        let total = match (told, self.last) {
            // A page that was to be there and is not says that there is less by now.
            (None, Some(before)) if count == 0 && start < before => Some(start),
            (told, _) => told,
        };
        let Some(now) = total else { return 0 };
        let Some(before) = self.last.replace(now) else { return 0 };
        self.has_changed |= now != before;
        self.risen = self.risen.saturating_add(now.saturating_sub(before));
        before.saturating_sub(now)
    }

    /// Takes to the end of which item the server has sent some.
    pub(super) fn note_end(&mut self, end: u64) {
        self.is_wrong |= self.last.is_some_and(|total| total < end);
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// The total, if there is one to go by.
    pub(super) fn usable(&self) -> Option<u64> {
        self.last.filter(|_| !self.is_wrong)
    }

    pub(super) fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Whether the total was never as low when this was asked before.
    pub(super) fn is_new_low(&mut self) -> bool {
        let total = self.last.unwrap_or(u64::MAX);
        let is_new = total < self.lowest;
        self.lowest = self.lowest.min(total);
        is_new
    }

    /// By how much it rose, without what new items explain.
    pub(super) fn risen(&self) -> u64 {
        self.risen
    }

    /// So many items are new, and so many of a rise are explained.
    pub(super) fn explain_rise(&mut self, by: u64) {
        self.risen = self.risen.saturating_sub(by);
    }
}
