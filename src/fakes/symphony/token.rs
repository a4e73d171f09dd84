//! Checks of the bearer token, as far as Symphony documents its claims.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rsa::KeyPair,
    signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::Value;

use super::{KEY_NAME, PLAINLY_FAKE_KEY};

const LONGEST_LIFETIME: u64 = 30 * 60;

/// Whether the token is one of the fake's tenant, now. `jti` is not asked for: clients that
/// leave it out are known to work.
pub(super) fn is_valid(token: &str, now: SystemTime) -> bool {
    checked(token, now).is_some()
}

fn checked(token: &str, now: SystemTime) -> Option<()> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = decoded(header)?;
    let claims: Value = decoded(claims)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    public_key()?.verify(signed.as_bytes(), &signature).ok()?;
    let (issued, expires) = (claims["iat"].as_u64()?, claims["exp"].as_u64()?);
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed: Duration| passed.as_secs());
    let fits = header["alg"] == "RS512"
        && claims["sub"] == format!("ces:customer:{KEY_NAME}")
        && issued <= now
        && now < expires
        && expires.saturating_sub(issued) <= LONGEST_LIFETIME;
    fits.then_some(())
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn public_key() -> Option<UnparsedPublicKey<Vec<u8>>> {
    let private = PrivatePkcs8KeyDer::from_pem_slice(PLAINLY_FAKE_KEY.as_bytes()).ok()?;
    let pair = KeyPair::from_pkcs8(private.secret_pkcs8_der()).ok()?;
    let public: &[u8] = pair.public().as_ref();
    Some(UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, public.to_vec()))
}
