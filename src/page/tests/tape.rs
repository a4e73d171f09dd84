//! The choices of a case: from a seed, or from those of a case before, to make it smaller.

/// Everything that happens in a case follows from these. 0 is always the simplest choice.
pub(super) struct Tape {
    random: Option<fastrand::Rng>,
    given: Vec<u32>,
    made: Vec<u32>,
}

impl Tape {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self { random: Some(fastrand::Rng::with_seed(seed)), given: Vec::new(), made: Vec::new() }
    }

    /// The same choices again; the simplest where there are no more.
    fn of(choices: &[u32]) -> Self {
        Self { random: None, given: choices.to_vec(), made: Vec::new() }
    }

    pub(super) fn draw(&mut self, below: u32) -> u32 {
        let most = below.saturating_sub(1);
        let choice = match &mut self.random {
            Some(random) => random.u32(..=most),
            None => self.given.get(self.made.len()).copied().unwrap_or_default().min(most),
        };
        self.made.push(choice);
        choice
    }

    /// True in so many of 16 cases.
    pub(super) fn chance(&mut self, of_16: u32) -> bool {
        self.draw(16) >= 16 - of_16
    }

    pub(super) fn into_choices(self) -> Vec<u32> {
        self.made
    }
}

/// So many cases are tried to find a smaller one.
const TRIES: usize = 20_000;

/// The simplest choices found that still fail, with what they say. `fails` gives the choices that
/// a case really made.
pub(super) fn shrink(
    mut choices: Vec<u32>,
    mut message: String,
    fails: impl Fn(Tape) -> (Vec<u32>, Option<String>),
) -> String {
    let mut tries = 0;
    let mut better = |candidate: &[u32], choices: &mut Vec<u32>| {
        tries += 1;
        if tries > TRIES {
            return false;
        }
        let (made, failed) = fails(Tape::of(candidate));
        let is_smaller = (made.len(), &made) < (choices.len(), &*choices);
        let Some(failed) = failed.filter(|_| is_smaller) else { return false };
        (*choices, message) = (made, failed);
        true
    };
    loop {
        let before = choices.clone();
        let mut size = choices.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < choices.len() {
                let end = (at + size).min(choices.len());
                let without = [&choices[..at], &choices[end..]].concat();
                let mut zeroed = choices.clone();
                zeroed[at..end].fill(0);
                if !(better(&without, &mut choices) || zeroed != choices && better(&zeroed, &mut choices)) {
                    at += size;
                }
            }
            size /= 2;
        }
        let mut at = 0;
        while at < choices.len() {
            for smaller in [choices[at] / 2, choices[at].saturating_sub(1)] {
                let mut candidate = choices.clone();
                candidate[at] = smaller;
                if candidate != choices && better(&candidate, &mut choices) {
                    break;
                }
            }
            at += 1;
        }
        if choices == before {
            return message;
        }
    }
}
