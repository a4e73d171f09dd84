//! Tokens: shaped like Keycloak's, without a real signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Generation,
    state::{Kind, Realm, Subject, new_id},
};

/// Keycloak's claims. Newer versions leave `session_state` out and keep `sid`; older ones write
/// zeros for `nbf` and `auth_time`.
pub(super) fn claims(realm: &Realm, kind: Kind, subject: &Subject, expires: Option<u64>, now: u64) -> Value {
    let issuer = realm.url();
    let mut claims = json!({
        "iat": now,
        "jti": new_id(),
        "iss": issuer,
        "sub": subject.id,
        "typ": match kind {
            Kind::Access => "Bearer",
            Kind::Refresh => "Refresh",
            Kind::Offline => "Offline",
            Kind::Id => "ID",
        },
        "azp": subject.client,
        "scope": subject.scope,
    });
    if let Some(expires) = expires {
        claims["exp"] = json!(expires);
    }
    if let Some(session) = &subject.session {
        claims["sid"] = json!(session);
        if realm.generation != Generation::New {
            claims["session_state"] = json!(session);
        }
    }
    if realm.generation == Generation::Old {
        claims["nbf"] = json!(0);
        claims["auth_time"] = json!(0);
    }
    if kind == Kind::Access {
        claims["realm_access"] = json!({ "roles": subject.roles });
        claims["preferred_username"] = json!(subject.name);
        claims["email_verified"] = json!(false);
        claims["acr"] = json!("1");
    } else {
        claims["aud"] = if kind == Kind::Id { json!(subject.client) } else { json!(issuer) };
    }
    claims
}

/// Three segments as in a JWT. The last says in plain words that it is no signature.
pub(super) fn text(kind: Kind, generation: Generation, claims: &Value) -> String {
    let algorithm = match (kind, generation) {
        (Kind::Access | Kind::Id, _) => "RS256",
        (_, Generation::New) => "HS512",
        _ => "HS256",
    };
    let header = json!({ "alg": algorithm, "typ": "JWT", "kid": "plainly-fake-key" });
    let [header, claims] = [header.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode("plainly-fake-signature"))
}
