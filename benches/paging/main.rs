//! What a listing costs in memory, time and instructions, beside loops written by hand with reqwest.
//!
//! `cargo bench --bench paging` fails when a bound is broken. The binary starts itself again: as a
//! server, which makes each page when it is asked for, and as one client for each figure, on one
//! thread. Figures of memory and time are medians; the ways take turns, so that what else the
//! machine does falls on all of them. Of times the bounds look at the best round: other work of the
//! machine makes a round slower and never faster. Instructions are counted with Valgrind. It takes
//! some two and a half minutes, and needs Linux.

use std::{
    env,
    error::Error,
    process::{Command, ExitCode},
    time::Duration,
};

use self::{
    reader::{Api, Case, Figures},
    server::{PAGE, Server},
};

mod by_hand;
mod heap;
mod reader;
mod server;

type Failure = Box<dyn Error>;
type Outcome<T> = Result<T, Failure>;

const ROUNDS: usize = 3;
/// Of what is timed, because a busy machine spoils some.
const TIMED_ROUNDS: usize = 5;
const MANY: usize = 1_000_000;
const COLLECTED: usize = 200_000;
/// The pages of the listings that are timed, and how long the server takes for each.
const TIMED_PAGES: usize = 100;
const DELAY: u64 = 20;
/// Instructions are counted between two listings that differ by so many items. The shorter one is
/// long enough for what the pager remembers to be full.
const COUNTED: [usize; 2] = [15_000, 35_000];
const MEBIBYTE: f64 = 1024.0 * 1024.0;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["server"] => server::serve(),
        ["reader", address, case] => reader::read(address, case),
        _ if words.contains(&"--bench") => compare(),
        _ => {
            println!("run it with `cargo bench --bench paging`");
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Outcome<()> {
    let valgrind = Command::new("valgrind").arg("--version").output();
    let valgrind = valgrind.map_err(|error| format!("this benchmark needs Valgrind on the path: {error}"))?;
    println!("{}, pages of {PAGE} items\n", String::from_utf8_lossy(&valgrind.stdout).trim());
    let bench = Bench { server: Server::start()? };
    let mut bounds = Bounds::default();
    bench.memory(&mut bounds)?;
    bench.time(&mut bounds)?;
    bench.instructions()?;
    bounds.show()
}

/// What has to hold.
#[derive(Default)]
struct Bounds(Vec<(String, f64, f64)>);

impl Bounds {
    fn at_most(&mut self, bound: f64, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value, bound));
    }

    fn show(self) -> Outcome<()> {
        println!("{:<76}{:>8}{:>9}", "bounds", "figure", "at most");
        let mut are_kept = true;
        for (name, value, bound) in self.0 {
            let is_kept = value <= bound;
            are_kept &= is_kept;
            println!("{name:<76}{value:>8.3}{bound:>9.3}{}", if is_kept { "" } else { "  BROKEN" });
        }
        if are_kept { Ok(()) } else { Err("a bound is broken".into()) }
    }
}

struct Bench {
    server: Server,
}

impl Bench {
    fn memory(&self, bounds: &mut Bounds) -> Outcome<()> {
        let cases = [
            hand(Api::Cursor),
            ours(Api::Cursor),
            ours(Api::Cursor).ahead(1),
            ours(Api::Cursor).collecting(),
            hand(Api::Number),
            ours(Api::Number),
            ours(Api::Number).ahead(1),
            hand(Api::Number).side_by_side(8),
            ours(Api::Number).side_by_side(8),
            ours(Api::Number).side_by_side(8).ahead(4),
            ours(Api::Number).collecting(),
        ];
        let cases = cases.map(|case| Case { items: if case.collects { COLLECTED } else { MANY }, ..case });
        let all = self.rounds(ROUNDS, &cases, || Ok(()))?.map(|rounds| Figures::median(&rounds));
        println!("{:<37}{:>10}{:>25}{:>12}{:>10}{:>8}", "", "", "MiB, at most", "", "", "pages");
        println!(
            "{:<37}{:>10}{:>10}{:>15}{:>12}{:>10}{:>8}",
            "memory", "items", "listing", "with client", "resident", "CPU ms", "alive"
        );
        let mut peer = &Figures::default();
        for (case, figures) in cases.iter().zip(&all) {
            let alive = if case.is_ours && !case.collects { Some(self.pages_alive(case)?) } else { None };
            println!(
                "{:<37}{:>10}{:>10.2}{:>15.2}{:>12.1}{:>10.0}{:>8}",
                case.name(),
                case.items,
                figures.listing() / MEBIBYTE,
                figures.heap / MEBIBYTE,
                figures.resident / MEBIBYTE,
                figures.processor,
                alive.map(|pages| format!("{pages:.0}")).unwrap_or_default()
            );
            let name = case.name();
            if !case.is_ours && case.concurrency == 1 {
                peer = figures;
            }
            if case.is_ours && case.concurrency == 1 && case.prefetch == 0 && !case.collects {
                let ratio = figures.listing() / peer.listing();
                bounds.at_most(1.5, format!("{name}: heap of the listing / by hand"), ratio);
                let ratio = figures.resident / peer.resident;
                bounds.at_most(1.5, format!("{name}: resident memory / by hand"), ratio);
            }
            if let Some(alive) = alive {
                let most = u32::try_from(case.concurrency + case.prefetch)?;
                bounds.at_most(most.into(), format!("{name}: pages alive"), alive);
            }
        }
        println!();
        Ok(())
    }

    /// The most pages that were requested and not yet worked on, by a slow caller.
    fn pages_alive(&self, case: &Case) -> Outcome<f64> {
        let case = Case { items: 60 * PAGE, work: 5, watches: true, ..case.clone() };
        Ok(self.run(&case)?.pages_alive)
    }

    fn time(&self, bounds: &mut Bounds) -> Outcome<()> {
        let cases = [
            hand(Api::Cursor),
            ours(Api::Cursor),
            ours(Api::Cursor).working(DELAY),
            hand(Api::Cursor).working(DELAY).ahead(1),
            ours(Api::Cursor).working(DELAY).ahead(1),
            hand(Api::Number).side_by_side(8),
            ours(Api::Number).side_by_side(8),
            ours(Api::Number).side_by_side(8).ahead(4),
        ];
        let cases = cases.map(|case| Case { items: TIMED_PAGES * PAGE, delay: DELAY, ..case });
        let mut bare = Vec::new();
        let all = self.rounds(TIMED_ROUNDS, &cases, || {
            bare.extend(server::round_trips(&self.server.address, Duration::from_millis(DELAY))?);
            Ok(())
        })?;
        let bare = median(bare);
        println!(
            "{TIMED_PAGES} pages, an answer takes {DELAY} ms; a round trip by a bare socket {bare:.1} ms"
        );
        println!(
            "{:<37}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "time", "work ms", "limit ms", "median ms", "ratio", "best ms", "ratio"
        );
        for (case, rounds) in cases.iter().zip(&all) {
            let waves = u32::try_from(TIMED_PAGES.div_ceil(case.concurrency))?;
            let limit = f64::from(waves) * bare;
            let usual = Figures::median(rounds).wall;
            let best = rounds.iter().map(|round| round.wall).fold(f64::INFINITY, f64::min);
            let ratio = best / limit;
            println!(
                "{:<37}{:>10}{limit:>10.0}{usual:>10.0}{:>10.3}{best:>10.0}{ratio:>10.3}",
                case.name(),
                case.work,
                usual / limit
            );
            // Without pages ahead, to wait and to work take turns.
            let is_sum = case.work > 0 && case.prefetch == 0;
            if case.is_ours && !is_sum {
                let (bound, limit) = match (case.concurrency, case.work) {
                    (1, 0) => (1.15, "pages x round trip"),
                    (1, _) => (1.15, "the larger of trip and work"),
                    _ => (1.2, "ceil(pages / 8) x round trip"),
                };
                bounds.at_most(bound, format!("{}: time / {limit}", case.name()), ratio);
            }
        }
        println!();
        Ok(())
    }

    /// Instructions and allocations by item, beside a loop by hand.
    fn instructions(&self) -> Outcome<()> {
        let [instructions, allocations] = ["instructions per item", "allocations per item"];
        println!("{:<16}{instructions:>34}   {allocations:>28}", "");
        let columns = format!("{:>10}{:>12}", "by hand", "this crate");
        println!("{:<16}{columns}{:>12}   {columns}{:>6}", "", "ratio", "ratio");
        for api in [Api::Cursor, Api::Number] {
            let [mut instructions, mut allocations] = [[0.0; 2]; 2];
            for (way, case) in [hand(api), ours(api)].into_iter().enumerate() {
                let [fewer, more] =
                    COUNTED.map(|items| self.instructions_of(&Case { items, ..case.clone() }));
                instructions[way] = per_item(more? - fewer?);
                let [fewer, more] = COUNTED.map(|items| self.run(&Case { items, ..case.clone() }));
                allocations[way] = per_item(more?.allocations - fewer?.allocations);
            }
            let name = if api == Api::Cursor { "cursor" } else { "page/limit" };
            let [hand, ours] = instructions;
            print!("{name:<16}{hand:>10.0}{ours:>12.0}{:>12.3}", ours / hand);
            let [hand, ours] = allocations;
            println!("   {hand:>10.2}{ours:>12.2}{:>6.3}", ours / hand);
        }
        println!();
        Ok(())
    }

    fn instructions_of(&self, case: &Case) -> Outcome<f64> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
        let output =
            command.args(["reader", &self.server.address, &serde_json::to_string(case)?]).output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        match report.lines().find_map(|line| line.split_once("Collected : ")) {
            Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
            _ => Err(format!("{}: {report}", case.name()).into()),
        }
    }

    fn run(&self, case: &Case) -> Outcome<Figures> {
        let mut command = Command::new(env::current_exe()?);
        let output =
            command.args(["reader", &self.server.address, &serde_json::to_string(case)?]).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", case.name(), String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Runs all the cases in turn, each round after something else.
    fn rounds<const N: usize>(
        &self,
        rounds: usize,
        cases: &[Case; N],
        mut before: impl FnMut() -> Outcome<()>,
    ) -> Outcome<[Vec<Figures>; N]> {
        let mut all: [Vec<Figures>; N] = std::array::from_fn(|_| Vec::new());
        for _ in 0..rounds {
            before()?;
            for (case, figures) in cases.iter().zip(&mut all) {
                figures.push(self.run(case)?);
            }
        }
        Ok(all)
    }
}

#[allow(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
fn per_item(total: f64) -> f64 {
    total / (COUNTED[1] - COUNTED[0]) as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn hand(api: Api) -> Case {
    Case {
        api,
        is_ours: false,
        concurrency: 1,
        prefetch: 0,
        items: 0,
        collects: false,
        delay: 0,
        work: 0,
        watches: false,
    }
}

fn ours(api: Api) -> Case {
    Case { is_ours: true, ..hand(api) }
}

impl Case {
    fn ahead(self, prefetch: usize) -> Self {
        Self { prefetch, ..self }
    }

    fn side_by_side(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    fn collecting(self) -> Self {
        Self { collects: true, ..self }
    }

    fn working(self, work: u64) -> Self {
        Self { work, ..self }
    }

    fn name(&self) -> String {
        let api = if self.api == Api::Cursor { "cursor" } else { "page/limit" };
        let how = match (self.is_ours, self.concurrency, self.prefetch) {
            (false, 1, 0) => "by hand, a loop".to_owned(),
            (false, 1, _) => "by hand, task and channel".to_owned(),
            (false, concurrency, _) => format!("by hand, buffered({concurrency})"),
            (true, ..) if self.collects => "try_collect".to_owned(),
            (true, 1, 0) => "stream".to_owned(),
            (true, 1, prefetch) => format!("prefetch({prefetch})"),
            (true, concurrency, 0) => format!("concurrency({concurrency})"),
            (true, concurrency, prefetch) => format!("concurrency({concurrency}), prefetch({prefetch})"),
        };
        format!("{api}, {how}")
    }
}

impl Figures {
    /// What the listing added to the heap.
    fn listing(&self) -> f64 {
        self.heap - self.heap_before
    }

    fn median(rounds: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            heap: median(|figures| figures.heap),
            heap_before: median(|figures| figures.heap_before),
            resident: median(|figures| figures.resident),
            wall: median(|figures| figures.wall),
            processor: median(|figures| figures.processor),
            allocations: median(|figures| figures.allocations),
            pages_alive: median(|figures| figures.pages_alive),
        }
    }
}
