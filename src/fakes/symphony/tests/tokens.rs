//! Row: "any: no or bad bearer token: 401 `unauthorized`", token by token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA512};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

use super::{
    super::{KEY_NAME, PLAINLY_FAKE_KEY},
    *,
};
use crate::fakes::serve::TokenEnd;

const NOW: u64 = 1_700_000_000;

fn signed(header: &Value, claims: &Value) -> String {
    let der = PrivatePkcs8KeyDer::from_pem_slice(PLAINLY_FAKE_KEY.as_bytes()).expect("a key");
    let key = KeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key");
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signed");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn token(subject: &str, issued: u64, expires: u64) -> String {
    let claims = json!({ "sub": subject, "iat": issued, "exp": expires, "jti": "1" });
    signed(&json!({ "alg": "RS512" }), &claims)
}

fn status(world: &mut World, token: String) -> u16 {
    world.token = token;
    world.send("GET", NETWORKS, b"").status.as_u16()
}

#[test]
fn a_token_must_be_signed_current_short_lived_and_of_a_known_key() {
    let own = format!("ces:customer:{KEY_NAME}");
    let good = token(&own, NOW, NOW + 1_800);
    let mut world = World::of(acme());
    assert_eq!(status(&mut world, good.clone()), 200);
    let without_id = json!({ "sub": own, "iat": NOW, "exp": NOW + 60 });
    assert_eq!(status(&mut world, signed(&json!({ "alg": "RS512" }), &without_id)), 200, "without `jti`");
    let other_claims = URL_SAFE_NO_PAD.encode(json!({ "sub": own, "iat": NOW, "exp": NOW + 61 }).to_string());
    let parts: Vec<&str> = good.split('.').collect();
    let bad = [
        String::new(),
        "x".to_owned(),
        "x.y.z".to_owned(),
        format!("{}.{other_claims}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        signed(&json!({ "alg": "RS256" }), &without_id),
        signed(&json!({ "alg": "RS512" }), &json!({ "sub": own, "iat": NOW })),
        signed(&json!({ "alg": "RS512" }), &json!({ "sub": own, "exp": NOW + 60 })),
        signed(&json!({ "alg": "RS512" }), &json!({ "sub": own, "iat": "1", "exp": NOW + 60 })),
        signed(&json!({ "alg": "RS512" }), &json!({ "iat": NOW, "exp": NOW + 60 })),
        token("ces:customer:nobody", NOW, NOW + 60),
        token(KEY_NAME, NOW, NOW + 60),
        token(&own, NOW - 60, NOW),
        token(&own, NOW + 1, NOW + 60),
        token(&own, NOW, NOW + 1_801),
    ];
    for token in bad {
        assert_eq!(status(&mut world, token.clone()), 401, "{token}");
    }
}

#[test]
fn the_subject_names_the_tenant() {
    let builder = Fake::builder().tenant(Tenant::new("other-key").networks([Line]));
    let mut world = World::new(builder);
    world.token = token("ces:customer:other-key", NOW, NOW + 60);
    assert_eq!(world.get(NETWORKS), json!({ "entitlements": ["LINE"] }));
    world.token = token(&format!("ces:customer:{KEY_NAME}"), NOW, NOW + 60);
    assert_eq!(world.get(NETWORKS)["entitlements"].as_array().map(Vec::len), Some(5));
}

#[test]
fn leeway_forgives_clocks_that_differ_by_it() {
    let own = format!("ces:customer:{KEY_NAME}");
    let mut world = World::new(Fake::builder().leeway(Duration::from_secs(5)));
    assert_eq!(status(&mut world, token(&own, NOW + 5, NOW + 60)), 200);
    assert_eq!(status(&mut world, token(&own, NOW - 60, NOW - 4)), 200);
    assert_eq!(status(&mut world, token(&own, NOW + 6, NOW + 60)), 401);
    assert_eq!(status(&mut world, token(&own, NOW - 60, NOW - 5)), 401);
}

#[test]
fn an_ended_token_is_refused_from_then_on_and_another_one_is_not() {
    let own = format!("ces:customer:{KEY_NAME}");
    for end in [TokenEnd::Expired, TokenEnd::Revoked] {
        let mut world = World::of(acme());
        for token in ["t".to_owned(), token(&own, NOW, NOW + 60)] {
            assert_eq!(status(&mut world, token.clone()), 200);
            let request = world.request("GET", NETWORKS, b"");
            world.state.end_token(&request, end, world.now);
            assert_eq!(status(&mut world, token.clone()), 401);
            assert_eq!(status(&mut world, token), 401);
        }
        assert_eq!(status(&mut world, token(&own, NOW, NOW + 61)), 200);
    }
}
