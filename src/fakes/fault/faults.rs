//! Faults in their order.

use super::Fault;

/// Faults in their order: `Fault::status(503).times(2).then(Fault::html(502)).then_normal()`.
///
/// Say how it ends: [`then_normal`](Self::then_normal), or a last fault that comes without end.
/// When a script runs out, the fake answers 500, and panics when it is dropped, with the place
/// where the script was written: a test must not go on by chance.
#[derive(Debug, Clone)]
#[must_use = "a script does nothing until a fake is given it"]
pub struct Faults {
    steps: Vec<Step>,
    ends_normal: bool,
}

#[derive(Debug, Clone)]
struct Step {
    /// One of these, each time.
    choice: Vec<Fault>,
    extent: Extent,
    /// How many answers this step has seen.
    seen: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Extent {
    Times(u32),
    EveryNth(u32),
    Random { probability: f64, random: fastrand::Rng },
}

/// What a script has for the next answer.
#[derive(Debug)]
pub(in crate::fakes) enum Next {
    Fault(Fault),
    Normal,
    /// There is nothing left.
    RanOut,
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::of(fault, Extent::Times(1))
    }
}

impl Faults {
    pub(super) fn of(fault: Fault, extent: Extent) -> Self {
        Self { steps: vec![Step { choice: vec![fault], extent, seen: 0 }], ends_normal: false }
    }

    /// By chance one of these faults, the same in every run for the same seed. `probability` is that
    /// of any of them; one that is given twice comes twice as often.
    ///
    /// Use it to see your program through bad weather: a fake whose every operation fails in one of
    /// ten ways in a fifth of its answers.
    ///
    /// ```
    /// use entitlements::fakes::{Fault, Faults, RateHeader};
    ///
    /// let weather = || {
    ///     let busy = Fault::too_many_requests(RateHeader::Absent);
    ///     [Fault::reset(), Fault::reset().after_change(), busy, Fault::status(503), Fault::html(502)]
    /// };
    /// let faults = Faults::one_of(weather(), 0.2, 4711);
    /// # let _ = faults;
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no fault, or `probability` is not from 0 to 1.
    #[track_caller]
    pub fn one_of(faults: impl IntoIterator<Item = Fault>, probability: f64, seed: u64) -> Self {
        let choice: Vec<_> = faults.into_iter().collect();
        assert!(!choice.is_empty(), "there is no fault to choose; give at least one");
        let extent = Extent::random(probability, seed);
        Self { steps: vec![Step { choice, extent, seen: 0 }], ends_normal: false }
    }

    /// What comes after these.
    ///
    /// # Panics
    ///
    /// If these have no end.
    #[track_caller]
    pub fn then(mut self, next: impl Into<Self>) -> Self {
        let endless = self.steps.iter().any(|step| !matches!(step.extent, Extent::Times(_)));
        assert!(!endless && !self.ends_normal, "nothing can come after faults that have no end");
        let next = next.into();
        self.steps.extend(next.steps);
        self.ends_normal = next.ends_normal;
        self
    }

    /// After these, no more faults.
    pub fn then_normal(mut self) -> Self {
        self.ends_normal = true;
        self
    }

    /// Whether there are faults that have not come, of those that come a number of times.
    pub(in crate::fakes) fn are_left(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.extent, Extent::Times(times) if step.seen < times))
    }

    pub(in crate::fakes) fn need_wire(&self) -> bool {
        self.steps.iter().flat_map(|step| &step.choice).any(Fault::needs_wire)
    }

    pub(in crate::fakes) fn next(&mut self) -> Next {
        for step in &mut self.steps {
            step.seen = step.seen.saturating_add(1);
            let comes = match &mut step.extent {
                Extent::Times(times) if step.seen > *times => continue,
                Extent::Times(_) => true,
                Extent::EveryNth(nth) => {
                    step.seen %= *nth;
                    step.seen == 0
                }
                Extent::Random { probability, random } => random.f64() < *probability,
            };
            return if comes { Next::Fault(step.choose()) } else { Next::Normal };
        }
        if self.ends_normal { Next::Normal } else { Next::RanOut }
    }
}

impl Step {
    fn choose(&mut self) -> Fault {
        let Self { choice, extent, .. } = self;
        let index = match extent {
            Extent::Random { random, .. } if choice.len() > 1 => random.usize(..choice.len()),
            _ => 0,
        };
        choice[index].clone()
    }
}

impl Extent {
    #[track_caller]
    pub(super) fn random(probability: f64, seed: u64) -> Self {
        assert!((0.0..=1.0).contains(&probability), "{probability} is no probability; use 0 to 1");
        Self::Random { probability, random: fastrand::Rng::with_seed(seed) }
    }
}
