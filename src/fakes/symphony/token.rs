//! Checks of the bearer token, as far as Symphony documents its claims.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::Value;

use super::PLAINLY_FAKE_KEY;

const LONGEST_LIFETIME: u64 = 30 * 60;

/// The key name in a token that is valid now. `jti` is not asked for: clients that leave it out
/// are known to work.
pub(super) fn key_name(token: &str, now: SystemTime, leeway: Duration) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = decoded(header)?;
    let claims: Value = decoded(claims)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    public_key()?.verify(signed.as_bytes(), &signature).ok()?;
    let (issued, expires) = (claims["iat"].as_u64()?, claims["exp"].as_u64()?);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed: Duration| passed.as_secs());
    let leeway = leeway.as_secs();
    let fits = header["alg"] == "RS512"
        && issued <= now.saturating_add(leeway)
        && now < expires.saturating_add(leeway)
        && expires.saturating_sub(issued) <= LONGEST_LIFETIME;
    let name = claims["sub"].as_str()?.strip_prefix("ces:customer:")?;
    fits.then(|| name.to_owned())
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Of the one key that all tenants have; reading it takes longer than checking a signature.
fn public_key() -> Option<&'static UnparsedPublicKey<Vec<u8>>> {
    static KEY: OnceLock<Option<UnparsedPublicKey<Vec<u8>>>> = OnceLock::new();
    KEY.get_or_init(|| {
        let private = PrivatePkcs8KeyDer::from_pem_slice(PLAINLY_FAKE_KEY.as_bytes()).ok()?;
        let pair = KeyPair::from_pkcs8(private.secret_pkcs8_der()).ok()?;
        let public: &[u8] = pair.public().as_ref();
        Some(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, public.to_vec()))
    })
    .as_ref()
}
