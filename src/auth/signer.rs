//! Symphony's login: a JWT that the caller signs itself. There is no token endpoint.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA512};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Serialize;

use super::{Context, Token, TokenSource};
use crate::{Error, ErrorKind, Result, time::BoxFuture, unique_id::unique_id};

/// The longest life that Symphony accepts.
const LONGEST_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Leaves a minute of the longest life, so that no token has expired when it is made.
const LONGEST_BACKDATE: Duration = Duration::from_secs(29 * 60);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Signs the bearer tokens of one Symphony key.
///
/// Symphony knows the public key under a name; the private key stays here. A token is signed
/// with RS512, carries `sub`, `iat`, `exp` and `jti`, and is used until shortly before it ends,
/// so that a signature is made once in a while and not once per request.
///
/// Source: the vendor's page "Authentication" of the Federation API, 2022 edition, for the claims
/// and the limit of 30 minutes; RFC 7515 and RFC 7518 for the form of the token.
///
/// ```no_run
/// use entitlements::auth::JwtSigner;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let signer = JwtSigner::from_pem("my-key-name", &std::fs::read("private-key.pem")?)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct JwtSigner {
    subject: String,
    lifetime: Duration,
    backdate: Duration,
    key: Arc<KeyPair>,
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner")
            .field("subject", &self.subject)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
}

impl JwtSigner {
    /// A signer for the key that Symphony knows as `key_name`.
    ///
    /// `pem` is an unencrypted RSA private key of 2048 to 4096 bits, as PKCS#8
    /// (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if the name is empty, or the text holds no such key; the
    /// message says which.
    pub fn from_pem(key_name: impl AsRef<str>, pem: impl AsRef<[u8]>) -> Result<Self> {
        let key_name = key_name.as_ref();
        if key_name.is_empty() || key_name.chars().any(char::is_control) {
            return Err(Error::configuration(
                "the key name is empty or has control characters; give the name under which Symphony has the public key",
            ));
        }
        Ok(Self {
            subject: format!("ces:customer:{key_name}"),
            lifetime: DEFAULT_LIFETIME,
            backdate: Duration::ZERO,
            key: Arc::new(key_pair(pem.as_ref())?),
        })
    }

    /// Sets how long each token lasts. Default: 5 minutes; at most 30 minutes, and longer values
    /// are cut to that.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.clamp(Duration::from_secs(1), LONGEST_LIFETIME);
        self
    }

    /// Dates tokens back by this much, for a machine whose clock runs ahead of Symphony's.
    /// The token still ends at most 30 minutes after its `iat`. Default: not at all; at most
    /// 29 minutes, and longer values are cut to that.
    #[must_use]
    pub fn backdate(mut self, backdate: Duration) -> Self {
        self.backdate = backdate.min(LONGEST_BACKDATE);
        self
    }

    fn sign(&self, now: SystemTime) -> Result<Token> {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let issued = since_epoch.saturating_sub(self.backdate).as_secs();
        let expires = (since_epoch + self.lifetime).as_secs().min(issued + LONGEST_LIFETIME.as_secs());
        let claims = Claims { sub: &self.subject, iat: issued, exp: expires, jti: unique_id() };
        let claims = serde_json::to_vec(&claims).map_err(|_| failed())?;
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS512","typ":"JWT"}"#);
        let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| failed())?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        let left = expires.saturating_sub(since_epoch.as_secs());
        Ok(Token::new(token).expires_in(Duration::from_secs(left)))
    }
}

impl TokenSource for JwtSigner {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        let (signer, now) = (self.clone(), context.clock().wall());
        Box::pin(async move {
            // A signature by a 4096-bit key takes milliseconds, too long for an async thread.
            tokio::task::spawn_blocking(move || signer.sign(now)).await.unwrap_or_else(|_| Err(failed()))
        })
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::LoginFailed, "the token could not be signed")
}

fn key_pair(pem: &[u8]) -> Result<KeyPair> {
    let refuse = |message: &'static str| Err(Error::configuration(message));
    let pair = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs8(der)) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(der)) => KeyPair::from_der(der.secret_pkcs1_der()),
        Ok(_) => return refuse("the private key is not an RSA key; Symphony needs RSA for RS512"),
        // Only here: a text before a good key may have the words, too.
        Err(_) if contains(pem, b"ENCRYPTED") => {
            return refuse(
                "the private key is encrypted; decrypt it first, for example with `openssl pkcs8`",
            );
        }
        Err(_) if contains(pem, b"PUBLIC KEY") => {
            return refuse("this is a public key; the private key that belongs to it is needed");
        }
        Err(_) => {
            return refuse(
                "the text is not a PEM private key (`BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`)",
            );
        }
    };
    pair.map_err(|rejected| {
        Error::configuration(format!("the private key is no RSA key of 2048 to 4096 bits ({rejected})"))
    })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const PKCS8: &str = include_str!("../fakes/keys/plainly-fake-pkcs8.pem");
    const PKCS1: &str = include_str!("../fakes/keys/plainly-fake-pkcs1.pem");
    const EC: &str = include_str!("../fakes/keys/plainly-fake-ec.pem");

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    fn signed(signer: &JwtSigner) -> (Vec<String>, Value) {
        let token = signer.sign(now()).expect("signs");
        let header = token.header().expect("a header value");
        let text = header.to_str().expect("text").trim_start_matches("Bearer ").to_owned();
        let parts: Vec<_> = text.split('.').map(str::to_owned).collect();
        let claims = URL_SAFE_NO_PAD.decode(&parts[1]).expect("base64url");
        (parts, serde_json::from_slice(&claims).expect("JSON"))
    }

    #[test]
    fn both_pem_forms_give_a_token_that_the_public_key_verifies() {
        for pem in [PKCS8, PKCS1] {
            let signer = JwtSigner::from_pem("desk", pem).expect("a key");
            let (parts, claims) = signed(&signer);
            let header = URL_SAFE_NO_PAD.decode(&parts[0]).expect("base64url");
            assert_eq!(header, br#"{"alg":"RS512","typ":"JWT"}"#);
            assert_eq!(claims["sub"], "ces:customer:desk");
            assert_eq!(claims["iat"], 1_700_000_000);
            assert_eq!(claims["exp"], 1_700_000_300);
            assert_eq!(claims["jti"].as_str().expect("text").len(), 36);
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, signer.key.public());
            let signature = URL_SAFE_NO_PAD.decode(&parts[2]).expect("base64url");
            public.verify(format!("{}.{}", parts[0], parts[1]).as_bytes(), &signature).expect("verifies");
        }
    }

    #[test]
    fn never_longer_than_thirty_minutes() {
        let signer = JwtSigner::from_pem("desk", PKCS8).expect("a key");
        let long = signer.clone().lifetime(Duration::from_secs(86_400));
        assert_eq!(signed(&long).1["exp"], 1_700_001_800);
        let back = long.backdate(Duration::from_secs(60));
        let (_, claims) = signed(&back);
        assert_eq!(
            (claims["iat"].as_u64(), claims["exp"].as_u64()),
            (Some(1_699_999_940), Some(1_700_001_740))
        );
        let token = back.sign(now()).expect("signs");
        assert_eq!(token.lifetime(), Some(Duration::from_secs(1740)));
    }

    #[test]
    fn however_far_it_is_backdated_a_token_has_a_minute_left() {
        let signer = JwtSigner::from_pem("desk", PKCS8).expect("a key").lifetime(LONGEST_LIFETIME);
        for backdate in [LONGEST_BACKDATE, LONGEST_LIFETIME, Duration::MAX] {
            let token = signer.clone().backdate(backdate).sign(now()).expect("signs");
            assert_eq!(token.lifetime(), Some(Duration::from_secs(60)));
        }
    }

    #[test]
    fn other_keys_are_refused_in_words() {
        let refusal = |pem: &str| JwtSigner::from_pem("desk", pem).expect_err("refused").to_string();
        assert!(refusal(EC).contains("RSA"), "{}", refusal(EC));
        assert!(refusal("hello").contains("not a PEM private key"));
        assert!(refusal("").contains("not a PEM private key"));
        assert!(refusal(&PKCS8.replace("PRIVATE", "PUBLIC")).contains("public key"));
        assert!(refusal(&PKCS8.replace("PRIVATE", "ENCRYPTED PRIVATE")).contains("encrypted"));
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert!(refusal(old).contains("encrypted"));
        assert!(JwtSigner::from_pem("", PKCS8).is_err());
    }

    #[test]
    fn a_text_before_a_key_is_no_part_of_it() {
        let with_text = format!("no longer ENCRYPTED; the PUBLIC KEY is elsewhere\n{PKCS8}");
        assert!(JwtSigner::from_pem("desk", with_text).is_ok());
    }

    #[test]
    fn debug_shows_the_subject_and_nothing_of_the_key() {
        let signer = JwtSigner::from_pem("desk", PKCS8).expect("a key");
        let shown = format!("{signer:?} {:?}", signer.sign(now()).expect("signs"));
        assert!(shown.contains("ces:customer:desk"));
        let token = signer.sign(now()).expect("signs");
        let value = token.header().expect("header");
        assert!(!format!("{value:?}").contains("ey"));
    }
}
