//! What a run counts, and how it is printed.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Call times are counted by the millisecond, so that counting takes no more memory with more calls.
const LONGEST: usize = 20_000;

#[derive(Default)]
pub(crate) struct Figures(Mutex<Counted>);

struct Counted {
    /// By name of the operation and by what came of the call.
    outcomes: BTreeMap<(&'static str, String), u64>,
    faults: BTreeMap<String, u64>,
    requests: u64,
    times: Vec<u32>,
    longest: Duration,
    most_descriptors: usize,
    usage: Option<(Usage, Usage)>,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            outcomes: BTreeMap::new(),
            faults: BTreeMap::new(),
            requests: 0,
            times: vec![0; LONGEST],
            longest: Duration::ZERO,
            most_descriptors: 0,
            usage: None,
        }
    }
}

/// What the process uses at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) resident: u64,
    pub(crate) peak: u64,
    pub(crate) descriptors: usize,
}

impl Usage {
    /// All zero where the system does not tell.
    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kibibytes.unwrap_or_default() * 1024
        };
        Self { resident: bytes("VmRSS:"), peak: bytes("VmHWM:"), descriptors: descriptors() }
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default()
}

impl Figures {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count_call(&self, operation: &'static str, outcome: String, took: Duration) {
        let mut counted = self.lock();
        *counted.outcomes.entry((operation, outcome)).or_default() += 1;
        let millis = usize::try_from(took.as_millis()).unwrap_or(LONGEST).min(LONGEST - 1);
        counted.times[millis] += 1;
        counted.longest = counted.longest.max(took);
    }

    pub(crate) fn count_request(&self, fault: Option<&str>) {
        let mut counted = self.lock();
        counted.requests += 1;
        if let Some(fault) = fault {
            *counted.faults.entry(fault.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn see_descriptors(&self) {
        let now = descriptors();
        let mut counted = self.lock();
        counted.most_descriptors = counted.most_descriptors.max(now);
    }

    pub(crate) fn most_descriptors(&self) -> usize {
        self.lock().most_descriptors
    }

    pub(crate) fn set_usage(&self, before: Usage, after: Usage) {
        self.lock().usage = Some((before, after));
    }
}

impl Counted {
    /// The time below which so many of a hundred calls stayed.
    fn percentile(&self, percent: u64) -> usize {
        let all: u64 = self.times.iter().map(|count| u64::from(*count)).sum();
        let mut seen = 0;
        let reached = self.times.iter().position(|count| {
            seen += u64::from(*count);
            seen * 100 >= all * percent
        });
        reached.map_or(LONGEST, |millis| millis + 1)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.lock();
        let calls: u64 = counted.outcomes.values().sum();
        let faults: u64 = counted.faults.values().sum();
        writeln!(f, "calls {calls}, requests {}, of which with a fault {faults}", counted.requests)?;
        let longest = counted.longest.as_millis();
        let (half, most) = (counted.percentile(50), counted.percentile(99));
        writeln!(f, "time of a call: p50 < {half} ms, p99 < {most} ms, longest {longest} ms")?;
        if let Some((before, after)) = counted.usage {
            let kibibytes = |bytes| bytes / 1024;
            writeln!(
                f,
                "resident memory: {} KiB after warming up, {} KiB at the end, {} KiB at most",
                kibibytes(before.resident),
                kibibytes(after.resident),
                kibibytes(after.peak)
            )?;
            writeln!(
                f,
                "descriptors: {} after warming up, {} at the end, {} at most",
                before.descriptors, after.descriptors, counted.most_descriptors
            )?;
        }
        writeln!(f, "\nfault")?;
        for (fault, count) in &counted.faults {
            writeln!(f, "{count:>8}  {fault}")?;
        }
        writeln!(f, "\noutcome")?;
        for ((operation, outcome), count) in &counted.outcomes {
            writeln!(f, "{count:>8}  {operation}: {outcome}")?;
        }
        Ok(())
    }
}
