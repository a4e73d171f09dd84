//! The realm without a socket.

mod endpoints;
mod grants;
mod sessions;
mod settings;
mod switches;

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::fakes::{
    Reply, Request,
    serve::{State as _, Visit},
};

const BASE: &str = "/keycloak/auth/realms/nagra";
const LOGIN: &str = "grant_type=password&username=crm_client_user&password=1234&client_id=crm_client";

/// A realm and a time that only the test moves.
struct World {
    issuer: Issuer,
    now: SystemTime,
}

impl World {
    fn new(builder: Builder) -> Self {
        Self {
            issuer: builder.into_issuer(),
            now: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_900),
        }
    }

    fn standard() -> Self {
        Self::new(Fake::builder())
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn send(&mut self, method: Method, path: &str, authorization: Option<&str>, body: &str) -> Reply {
        let mut headers = HeaderMap::new();
        if method == Method::POST {
            headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        if let Some(authorization) = authorization {
            headers.insert("authorization", HeaderValue::from_str(authorization).expect("a header"));
        }
        let request = Request::new(method, path, "", headers, Bytes::from(body.to_owned()));
        self.issuer.clone().handle(&request, &Visit::new(self.now, None))
    }

    fn post(&mut self, endpoint: &str, body: &str) -> Reply {
        self.send(Method::POST, &format!("{BASE}/protocol/openid-connect/{endpoint}"), None, body)
    }

    fn grant(&mut self, body: &str) -> Value {
        let reply = self.post("token", body);
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        json_of(&reply)
    }

    fn log_in(&mut self) -> Value {
        self.grant(LOGIN)
    }

    fn refresh(&mut self, tokens: &Value) -> Reply {
        let text = text(tokens, "refresh_token");
        self.post("token", &format!("grant_type=refresh_token&client_id=crm_client&refresh_token={text}"))
    }

    /// Status, `error` and `error_description` of a refused token request.
    fn refused(&mut self, body: &str) -> (u16, String, String) {
        parts(&self.post("token", body))
    }

    fn refused_refresh(&mut self, tokens: &Value) -> String {
        let (status, error, description) = parts(&self.refresh(tokens));
        assert_eq!((status, error.as_str()), (400, "invalid_grant"));
        description
    }

    fn check(&self, tokens: &Value) -> std::result::Result<Vec<String>, TokenRefusal> {
        self.issuer.check(&text(tokens, "access_token"), self.now)
    }
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

fn parts(reply: &Reply) -> (u16, String, String) {
    let body = json_of(reply);
    (reply.status.as_u16(), text(&body, "error"), text(&body, "error_description"))
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three segments");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn expect(refused: (u16, String, String), status: u16, error: &str, description: &str) {
    let (found_status, found_error, found_description) = refused;
    assert_eq!((found_status, &*found_error, &*found_description), (status, error, description));
}

/// By hand: the HTTP client of the crate is not what is tested here.
async fn post_over_http(fake: &Fake, body: &str) -> (u16, Value) {
    let host = fake.uri().replace("http://", "");
    let path = fake.token_url().replace(&fake.uri(), "");
    let form = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let length = body.len();
    let sent =
        format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{form}\r\ncontent-length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(&host).await.expect("a connection");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    let mut received = String::new();
    stream.read_to_string(&mut received).await.expect("an answer");
    let (head, body) = received.split_once("\r\n\r\n").expect("an answer with a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}
