//! Both listings, in a process of its own. A page is made when it is asked for, so that a million
//! items take no memory.
//!
//! The address says how long an answer takes and how many items there are: `/{milliseconds}/{items}`.

use std::{
    env,
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write, stdin},
    net::{TcpListener, TcpStream},
    ops::Range,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::Outcome;

/// How many items a page has; for the listing by number because every client asks for it.
pub(crate) const PAGE: usize = 500;
/// What Symphony's ids count from.
pub(crate) const FIRST_ADVISOR: usize = 351_775_000_000_000;

/// What a cursor begins with; its alphabet is that of base64, and it has to be encoded.
const CURSOR: &str = "eyJlbWFpbEFkZHJlc3MiOnsicyI6ImFkYUBhY21lLmV4YW1wbGUi";
const COUNT: &str = "/requests";

static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// The server's process; it ends when its input does, so also when this process dies.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start() -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        let mut process = command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// How many requests the server has received so far, these questions not counted.
pub(crate) fn requests(address: &str) -> Outcome<usize> {
    Ok(get(&mut TcpStream::connect(address)?, COUNT)?.parse()?)
}

/// What some pages took without any client, in milliseconds: asked for on a bare socket, one after the
/// other, read, and not looked at.
pub(crate) fn round_trips(address: &str, delay: Duration) -> Outcome<[f64; 20]> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    let path = format!("/{}/{}/entitlements?limit={PAGE}&page=1", delay.as_millis(), 10 * PAGE);
    let mut times = [0.0; 20];
    for time in &mut times {
        let began = Instant::now();
        get(&mut connection, &path)?;
        *time = began.elapsed().as_secs_f64() * 1e3;
    }
    Ok(times)
}

fn get(connection: &mut TcpStream, path: &str) -> Outcome<String> {
    write!(connection, "GET {path} HTTP/1.1\r\n\r\n")?;
    let mut reader = BufReader::new(connection);
    let mut body = vec![0; head(&mut reader)?.ok_or("no answer")?.1];
    reader.read_exact(&mut body)?;
    Ok(String::from_utf8(body)?)
}

/// The first line of a message, and the length of its body.
fn head(reader: &mut impl BufRead) -> io::Result<Option<(String, usize)>> {
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    Ok(Some((first, length)))
}

pub(crate) fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(|| {
        stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    for connection in listener.incoming() {
        let connection = connection?;
        thread::spawn(move || answer(&connection).ok());
    }
    Ok(())
}

fn answer(mut connection: &TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    let (mut body, mut reply) = (String::new(), Vec::new());
    while let Some((line, _)) = head(&mut reader)? {
        let arrived = Instant::now();
        let target = line.split(' ').nth(1).unwrap_or_default();
        body.clear();
        let mut delay = Duration::ZERO;
        if target == COUNT {
            write!(body, "{}", REQUESTS.load(Ordering::Relaxed)).map_err(io::Error::other)?;
        } else {
            REQUESTS.fetch_add(1, Ordering::Relaxed);
            delay = page(target, &mut body).ok_or(io::ErrorKind::InvalidInput)?;
        }
        reply.clear();
        write!(
            reply,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             date: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n{body}",
            body.len()
        )?;
        // To make the page is a part of the delay.
        thread::sleep(delay.saturating_sub(arrived.elapsed()));
        connection.write_all(&reply)?;
    }
    Ok(())
}

/// Writes the page that is asked for, and says how long the answer takes.
fn page(target: &str, body: &mut String) -> Option<Duration> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut segments = path.split('/').skip(1);
    let delay = Duration::from_millis(segments.next()?.parse().ok()?);
    let items: usize = segments.next()?.parse().ok()?;
    let value = |name| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    if path.ends_with("/advisors") {
        let first = match value("after") {
            Some(cursor) => cursor.strip_prefix(CURSOR)?.get(..8)?.parse().ok()?,
            None => 0,
        };
        advisors(first..items.min(first + PAGE), items, body).ok()?;
    } else {
        let limit: usize = value("limit")?.parse().ok()?;
        let first = (value("page")?.parse::<usize>().ok()?.checked_sub(1)?) * limit;
        entitlements(first..items.min(first + limit), items, body).ok()?;
    }
    Some(delay)
}

fn advisors(numbers: Range<usize>, items: usize, body: &mut String) -> std::fmt::Result {
    let (first, end) = (numbers.start, numbers.end);
    body.push_str(r#"{"entitlements":["#);
    for number in numbers {
        let comma = if number == first { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"symphonyId":"{}","firstName":"Ada","lastName":"Byron {number}","companyName":"Acme","displayName":"Ada Byron {number}","emailAddress":"ada-{number}@acme.example","externalNetwork":"WHATSAPP","status":"ENTITLED","permissions":[{{"permissionName":"create:room","permissionId":"aef488fa-636e-483e-b366-278e07354e57"}}]}}"#,
            FIRST_ADVISOR + number
        )?;
    }
    body.push_str(r#"],"pagination":{"previous":null,"#);
    if end < items {
        let after = format!("{CURSOR}{end:08}+/==");
        write!(body, r#""next":"?after={after}","cursors":{{"before":null,"after":"{after}"}}}}}}"#)
    } else {
        body.write_str(r#""next":null,"cursors":{"before":null,"after":null}}}"#)
    }
}

fn entitlements(numbers: Range<usize>, items: usize, body: &mut String) -> std::fmt::Result {
    let first = numbers.start;
    write!(body, r#"{{"totalRecords":{items},"resourceSet":["#)?;
    for number in numbers {
        let comma = if number == first { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"_id":"{number:024}","productId":"tp-product-1","accountId":"account-{number}","status":"ACTIVE","productType":"THIRDPARTY","validFrom":"2025-09-01T13:47:59.228Z","expiryDate":"2026-09-01T13:47:59.228Z","created":"2025-09-01T13:48:00.101Z","modified":"2025-09-01T13:48:00.101Z"}}"#
        )?;
    }
    body.write_str("]}")
}
