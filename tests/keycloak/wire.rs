//! HTTP by hand, so that nothing between the test and a server has an opinion.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters; the values of one name are joined.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// Null where the body is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

pub(crate) async fn send(host: &str, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    // The header is given where a server is to think that it has another name.
    let named = if headers.contains("host: ") { String::new() } else { format!("host: {host}\r\n") };
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{named}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).await.expect("a server that listens");
    stream.write_all(request.as_bytes()).await.expect("a request that is sent");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.expect("an answer that is read");
    let received = String::from_utf8_lossy(&received);
    let (head, body) = received.split_once("\r\n\r\n").expect("an answer with a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let values = headers.entry(name.to_lowercase()).or_default();
        *values =
            if values.is_empty() { value.trim().to_owned() } else { format!("{values}, {}", value.trim()) };
    }
    Answer { status: status.parse().expect("a status"), headers, body: body.to_owned() }
}
