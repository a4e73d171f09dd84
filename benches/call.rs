//! What one call costs through this crate, beside the same call written by hand with reqwest.
//!
//! `cargo bench --bench call` counts instructions with Valgrind and allocations with an allocator
//! that counts. Both repeat to a fraction of a percent on a busy machine, which times do not.
//! The binary starts itself again: as the server, and as one client for each figure.
//!
//! Retries, deadlines, the bound on concurrency and the budget are part of every call of this
//! crate; `limited GET` has a rate limit as well. What spans cost without a subscriber shows
//! beside the same with `--features tracing/release_max_level_off`.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    env,
    error::Error,
    hint::black_box,
    io::{BufRead, BufReader, Read, Write, stdin},
    net::{TcpListener, TcpStream},
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use entitlements::{
    RateLimit,
    auth::StaticToken,
    symphony::{Advisor, Client, ExternalNetwork},
};
use serde::{Deserialize, Serialize};

type Outcome<T> = Result<T, Box<dyn Error>>;

const WARM_UP: usize = 20;
const ITEMS: usize = 500;
const EMAIL: &str = "ada@acme.example";
const PERMISSION: &str = "create:room";

/// Name of the call, and how many calls lie between the two runs whose difference is counted.
const CASES: [(&str, usize); 4] =
    [("small GET", 1000), ("limited GET", 1000), ("small POST", 1000), ("page of 500", 100)];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["server"] => serve(),
        ["client", way, case, url, calls] => measure(way, case, url, calls),
        _ if words.contains(&"--bench") => compare(),
        _ => {
            println!("run it with `cargo bench --bench call`");
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
    println!("{}", String::from_utf8_lossy(&valgrind.stdout).trim());
    let server = Server::start()?;
    println!("{:<12} {:>36}   {:>28}", "", "instructions per call", "allocations per call");
    println!(
        "{:<12} {:>12} {:>12} {:>10}   {:>9} {:>9} {:>8}",
        "call", "by hand", "this crate", "ratio", "by hand", "this crate", "ratio"
    );
    for (case, calls) in CASES {
        let instructions = |way| -> Outcome<f64> {
            let [fewer, more] = [calls, 2 * calls].map(|calls| server.instructions(way, case, calls));
            Ok(per_call(more? - fewer?, calls))
        };
        let allocations =
            |way| -> Outcome<f64> { Ok(per_call(server.allocations(way, case, 2 * calls)?, 2 * calls)) };
        let (hand, ours) = (instructions("hand")?, instructions("ours")?);
        print!("{case:<12} {hand:>12.0} {ours:>12.0} {:>10.3}", ours / hand);
        let (hand, ours) = (allocations("hand")?, allocations("ours")?);
        println!("   {hand:>9.1} {ours:>9.1} {:>8.3}", ours / hand);
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "the counts are far below 2^52")]
fn per_call(total: u64, calls: usize) -> f64 {
    total as f64 / calls as f64
}

/// The server's process; it ends when its input does, so also when this process dies.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        Ok(Self { process, url: url.trim().to_owned() })
    }

    fn instructions(&self, way: &str, case: &str, calls: usize) -> Outcome<u64> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(env::current_exe()?);
        let output = command.args(["client", way, case, &self.url, &calls.to_string()]).output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        let collected = report.lines().find_map(|line| line.split_once("Collected : "));
        match collected {
            Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
            _ => Err(format!("{way}, {case}: {report}").into()),
        }
    }

    fn allocations(&self, way: &str, case: &str, calls: usize) -> Outcome<u64> {
        let mut command = Command::new(env::current_exe()?);
        let output = command.args(["client", way, case, &self.url, &calls.to_string()]).output()?;
        if !output.status.success() {
            return Err(format!("{way}, {case}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Makes the calls and prints how many allocations they took, warming up excluded.
fn measure(way: &str, case: &str, url: &str, calls: &str) -> Outcome<()> {
    let calls: usize = calls.parse()?;
    let token = format!("not-a-real-token-{}", "x".repeat(683));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let hand = ByHand::new(url, &token)?;
        let builder = || Client::builder(url).auth(StaticToken::new(&token));
        let ours = builder().build()?;
        let limited = builder().rate_limit(RateLimit::new(10_000_000, Duration::from_millis(100))).build()?;
        let mut before = 0;
        for call in 0..WARM_UP + calls {
            if call == WARM_UP {
                before = ALLOCATIONS.load(Ordering::Relaxed);
            }
            match (way, case) {
                ("hand", "small GET" | "limited GET") => drop(black_box(hand.get().await?)),
                ("hand", "small POST") => drop(black_box(hand.add().await?)),
                ("hand", "page of 500") => drop(black_box(hand.page().await?)),
                ("ours", "small GET" | "limited GET") => {
                    let advisor = Advisor::email(EMAIL);
                    let client = if case == "limited GET" { &limited } else { &ours };
                    let get = client.get_advisor_entitlement(ExternalNetwork::WhatsApp, advisor);
                    drop(black_box(get.send().await?));
                }
                ("ours", "small POST") => {
                    let add = ours.add_entitlement(ExternalNetwork::WhatsApp, Advisor::email(EMAIL));
                    drop(black_box(add.permissions([PERMISSION]).send().await?));
                }
                ("ours", "page of 500") => {
                    let list = ours.list_entitled_advisors(ExternalNetwork::WhatsApp).list_permissions(true);
                    let page = list.send().await?;
                    assert_eq!(page.entitlements.len(), ITEMS);
                    drop(black_box(page));
                }
                _ => return Err(format!("no such call: {way}, {case}").into()),
            }
        }
        println!("{}", ALLOCATIONS.load(Ordering::Relaxed) - before);
        Ok(())
    })
}

/// What an application would write without this crate: no retry, no limit on the body, and
/// nothing left of the answer but its model.
struct ByHand {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl ByHand {
    fn new(base: &str, token: &str) -> reqwest::Result<Self> {
        // reqwest panics without it; this crate brings a provider of its own.
        #[cfg(feature = "rustls")]
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build()?;
        Ok(Self { http, base: base.to_owned(), token: token.to_owned() })
    }

    async fn get(&self) -> reqwest::Result<AdvisorEntitlement> {
        let url = format!("{}/api/v2/customer/advisor/entitlements", self.base);
        let query = [("advisorEmailAddress", EMAIL), ("externalNetwork", "WHATSAPP")];
        let request = self.http.get(url).query(&query).bearer_auth(&self.token);
        let request = request.header("accept", "application/json");
        request.send().await?.error_for_status()?.json().await
    }

    async fn add(&self) -> reqwest::Result<AddedEntitlement> {
        let url = format!("{}/api/v2/customer/entitlements", self.base);
        let body = EntitlementRequest {
            external_network: "WHATSAPP".to_owned(),
            advisor_email_address: EMAIL.to_owned(),
            permissions: vec![PERMISSION.to_owned()],
        };
        let request = self.http.post(url).json(&body).bearer_auth(&self.token);
        let request = request.header("accept", "application/json");
        request.send().await?.error_for_status()?.json().await
    }

    async fn page(&self) -> reqwest::Result<EntitledAdvisors> {
        let network = "WHATSAPP";
        let base = &self.base;
        let url = format!("{base}/api/v1/customer/entitlements/externalNetwork/{network}/advisors");
        let request = self.http.get(url).query(&[("listPermissions", true)]).bearer_auth(&self.token);
        let request = request.header("accept", "application/json");
        let page: EntitledAdvisors = request.send().await?.error_for_status()?.json().await?;
        assert_eq!(page.entitlements.len(), ITEMS);
        Ok(page)
    }
}

/// The crate's models of the same bodies, with a text for each value.
macro_rules! models {
    ($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {
        $(
            #[derive(Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct $name {
                $(
                    #[serde(skip_serializing_if = "Option::is_none")]
                    $field: Option<$type>,
                )+
            }
        )+
    };
}

models! {
    AdvisorEntitlement {
        symphony_id: String, first_name: String, last_name: String, display_name: String,
        company_name: String, email_address: String, avatar: String, federation_group_id: String,
        external_network: String, status: String, phone: Phone, permissions: Vec<Permission>,
    }
    AddedEntitlement {
        symphony_id: String, first_name: String, last_name: String, display_name: String,
        company_name: String, email_address: String, avatar: String, federation_group_id: String,
        own_contact_id: String, external_network: String, status: String, phone: Phone,
        permissions: Vec<PermissionOutcome>,
    }
    Phone { number: String, product: String, provider: String, sub_network: String }
    Permission { permission_id: String, permission_name: String }
    PermissionOutcome { status: i64, response: Permission, error: Failure }
    Failure { status: i64, title: String, detail: String }
    Pagination { next: String, previous: String, cursors: Cursors }
    Cursors { before: String, after: String }
}

#[derive(Serialize, Deserialize)]
struct EntitledAdvisors {
    entitlements: Vec<AdvisorEntitlement>,
    pagination: Option<Pagination>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntitlementRequest {
    external_network: String,
    advisor_email_address: String,
    permissions: Vec<String>,
}

/// Answers on connections that stay open, with bodies that are ready.
fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/admin", listener.local_addr()?);
    thread::spawn(|| {
        stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let item = |number: usize| {
        format!(
            r#"{{"symphonyId":"3517750014{number:05}","emailAddress":"user{number:05}@acme.example","displayName":"User {number:05}","externalNetwork":"WHATSAPP","status":"ENTITLED","permissions":[{{"permissionId":"17","permissionName":"create:room"}}]}}"#
        )
    };
    let items: Vec<String> = (0..ITEMS).map(item).collect();
    let page = format!(
        r#"{{"entitlements":[{}],"pagination":{{"next":"?after=x","previous":null,"cursors":{{"before":null,"after":"x"}}}}}}"#,
        items.join(",")
    );
    let added = item(0).replace("[{", r#"[{"status":201,"response":{"#).replace("}]}", "}}]}");
    let replies: [&'static [u8]; 3] =
        [("200 OK", item(0)), ("201 Created", added), ("200 OK", page)].map(|(status, body)| {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 date: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n"
            );
            &*(head + &body).into_bytes().leak()
        });
    for connection in listener.incoming() {
        let connection = connection?;
        thread::spawn(move || answer(&connection, replies).ok());
    }
    Ok(())
}

fn answer(mut connection: &TcpStream, [get, post, page]: [&[u8]; 3]) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let reply = match &line {
            line if line.starts_with("POST") => post,
            line if line.contains("/advisors?") => page,
            _ => get,
        };
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        line.clear();
        reader.read_exact(&mut vec![0; length])?;
        connection.write_all(reply)?;
    }
    Ok(())
}

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

/// The system's allocator, counted.
struct Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written without it; it only passes on")]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
