//! What it costs to read a token that is at hand, beside the locks that other clients read theirs through.
//!
//! `cargo bench --bench token` counts instructions with Valgrind, and allocations with an allocator
//! that counts, for 1, 2 and 8 threads that read one credential at the same time. A read of this
//! crate that allocates is a failure. Valgrind runs one thread at a time, so the instructions show
//! what a read does and not what it waits for; the times show both, and the machine with them.
//!
//! Every way looks whether the token has expired, and hands out the header to send. The binary
//! starts itself again for each figure.

use std::{
    env,
    error::Error,
    hint::black_box,
    process::{Command, ExitCode},
    sync::{Arc, Barrier, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use entitlements::{
    Result,
    auth::{Auth, Context, StaticToken, Token, TokenSource},
    time::{BoxFuture, SystemClock},
};
use http::HeaderValue;
use tokio::{runtime::Runtime, sync};

mod counting;

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

const TASKS: [usize; 3] = [1, 2, 8];
const WARM_UP: usize = 1_000;
/// How many reads of each task lie between the two runs whose difference is counted.
const READS: usize = 10_000;
const TIMED_READS: usize = 500_000;
/// The others are shown as multiples of it.
const MEASURE: &str = "expiring";

/// Name, what it is, and whether it is this crate's.
const WAYS: [(&str, &str, bool); 7] = [
    ("expiring", "Auth::bearer, a token that expires", true),
    ("static", "Auth::bearer, StaticToken", true),
    ("unshared", "no lock: the header of one thread", false),
    ("std", "std RwLock<Arc<_>>", false),
    ("watch", "tokio watch, as google-cloud-auth", false),
    ("rwlock", "tokio RwLock, as azure_core", false),
    ("mutex", "tokio Mutex, as kube", false),
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["reader", way, tasks, reads] => measure(way, tasks, reads),
        _ if words.contains(&"--bench") => compare(),
        _ => {
            println!("run it with `cargo bench --bench token`");
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

/// The whole comparison, as a table.
fn compare() -> Outcome<()> {
    let valgrind = Command::new("valgrind").arg("--version").output();
    let valgrind = valgrind.map_err(|error| format!("this benchmark needs Valgrind on the path: {error}"))?;
    let processors = thread::available_parallelism()?;
    println!("{}, processors: {processors}", String::from_utf8_lossy(&valgrind.stdout).trim());
    println!("the future of `Auth::bearer`: {} bytes\n", size_of_bearer()?);
    let [instructions, allocations, times] =
        ["instructions per read", "allocations per read", "ns per read and thread"];
    println!("{:<36}{instructions:>39}  {allocations:>21}  {times:>24}", "");
    let columns = |width: usize| TASKS.map(|tasks| format!("{tasks:>width$}")).concat();
    println!("{:<36}{}  {}  {}", "tasks", columns(13), columns(7), columns(8));
    let (mut least, mut is_clean) = ([0.0; TASKS.len()], true);
    for (way, name, is_ours) in WAYS {
        print!("{name:<36}");
        for (tasks, least) in TASKS.into_iter().zip(&mut least) {
            let [fewer, more] = [READS, 2 * READS].map(|reads| instructions_of(way, tasks, reads));
            let count = per_read(more? - fewer?, tasks * READS);
            if way == MEASURE {
                *least = count;
            }
            print!("{count:>6.0}{:>6.2}x", count / *least);
        }
        print!("  ");
        for tasks in TASKS {
            let count = run(way, tasks, READS)?.allocations;
            is_clean &= count == 0 || !is_ours;
            print!("{:>7.2}", per_read(count, tasks * READS));
        }
        print!("  ");
        for tasks in TASKS {
            print!("{:>8.0}", per_read(run(way, tasks, TIMED_READS)?.nanoseconds, tasks * TIMED_READS));
        }
        println!();
    }
    if is_clean { Ok(()) } else { Err("a read of a token that is at hand has to allocate nothing".into()) }
}

#[allow(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
fn per_read(total: u64, reads: usize) -> f64 {
    total as f64 / reads as f64
}

fn instructions_of(way: &str, tasks: usize, reads: usize) -> Outcome<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
    let output = command.args(["reader", way, &tasks.to_string(), &reads.to_string()]).output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    match report.lines().find_map(|line| line.split_once("Collected : ")) {
        Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("{way}, {tasks} tasks: {report}").into()),
    }
}

/// Sums of all tasks.
struct Sums {
    allocations: u64,
    nanoseconds: u64,
}

fn run(way: &str, tasks: usize, reads: usize) -> Outcome<Sums> {
    let mut command = Command::new(env::current_exe()?);
    let output = command.args(["reader", way, &tasks.to_string(), &reads.to_string()]).output()?;
    if !output.status.success() {
        return Err(format!("{way}, {tasks} tasks: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let output = String::from_utf8(output.stdout)?;
    let (allocations, nanoseconds) = output.trim().split_once(' ').ok_or("no figures")?;
    Ok(Sums { allocations: allocations.parse()?, nanoseconds: nanoseconds.parse()? })
}

/// Reads, and prints the sums, warming up excluded.
fn measure(way: &str, tasks: &str, reads: &str) -> Outcome<()> {
    let readers = Readers { runtime: runtime()?, tasks: tasks.parse()?, reads: reads.parse()? };
    let kept = Kept::new()?;
    let sums = match way {
        "expiring" => readers.run_bearer(&Auth::from(Expiring)),
        "static" => readers.run_bearer(&Auth::from(StaticToken::new(token()))),
        "unshared" => {
            let kept: Vec<_> = (0..readers.tasks).map(|_| Kept::new()).collect::<Outcome<_>>()?;
            readers.run(async |task| kept[task].header())
        }
        "std" => {
            let shared = RwLock::new(Arc::new(kept));
            readers.run(async |_| {
                let kept = shared.read().unwrap_or_else(PoisonError::into_inner).clone();
                kept.header()
            })
        }
        "watch" => {
            let (_sender, receiver) = sync::watch::channel(Some(kept));
            readers.run(async |_| receiver.borrow().as_ref().and_then(Kept::header))
        }
        "rwlock" => {
            let shared = sync::RwLock::new(Some(kept));
            readers.run(async |_| shared.read().await.as_ref().and_then(Kept::header))
        }
        "mutex" => {
            let shared = sync::Mutex::new(Some(kept));
            readers.run(async |_| shared.lock().await.as_ref().and_then(Kept::header))
        }
        _ => return Err(format!("no such way: {way}").into()),
    };
    println!("{} {}", sums.allocations, sums.nanoseconds);
    Ok(())
}

/// Threads that read at the same time, in one runtime.
struct Readers {
    runtime: Runtime,
    tasks: usize,
    reads: usize,
}

impl Readers {
    fn run_bearer(&self, auth: &Auth) -> Sums {
        let context = context();
        self.runtime.block_on(auth.bearer(&context)).expect("a token");
        self.run(async |_| auth.bearer(&context).await)
    }

    fn run<T>(&self, read: impl AsyncFn(usize) -> T + Sync) -> Sums {
        let start = Barrier::new(self.tasks);
        let reader = |task| {
            self.runtime.block_on(async {
                for _ in 0..WARM_UP {
                    drop(black_box(read(task).await));
                }
                start.wait();
                let (before, began) = (counting::allocations(), Instant::now());
                for _ in 0..self.reads {
                    drop(black_box(read(task).await));
                }
                (counting::allocations() - before, began.elapsed())
            })
        };
        thread::scope(|scope| {
            let reader = &reader;
            let threads: Vec<_> = (0..self.tasks).map(|task| scope.spawn(move || reader(task))).collect();
            let mut sums = Sums { allocations: 0, nanoseconds: 0 };
            for thread in threads {
                let (allocations, elapsed) = thread.join().expect("no reader panics");
                sums.allocations += allocations;
                sums.nanoseconds += u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
            }
            sums
        })
    }
}

fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

fn context() -> Context {
    // reqwest panics without it; the clients of this crate bring a provider of their own.
    #[cfg(feature = "rustls")]
    rustls::crypto::ring::default_provider().install_default().ok();
    Context::new(reqwest::Client::new(), SystemClock, Duration::from_secs(30))
}

fn size_of_bearer() -> Outcome<usize> {
    let (auth, context) = (Auth::from(StaticToken::new(token())), context());
    let _entered = runtime()?;
    Ok(size_of_val(&auth.bearer(&context)))
}

fn token() -> String {
    format!("not-a-real-token-{}", "x".repeat(683))
}

/// A login whose token expires long after the benchmark.
#[derive(Debug)]
struct Expiring;

impl TokenSource for Expiring {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async { Ok(Token::new(token()).expires_in(Duration::from_secs(3600))) })
    }
}

/// What the others keep behind their locks.
struct Kept {
    header: HeaderValue,
    expires_at: Instant,
}

impl Kept {
    fn new() -> Outcome<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token()))?;
        header.set_sensitive(true);
        Ok(Self { header, expires_at: Instant::now() + Duration::from_secs(3600) })
    }

    fn header(&self) -> Option<HeaderValue> {
        (Instant::now() < self.expires_at).then(|| self.header.clone())
    }
}
