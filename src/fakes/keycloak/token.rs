//! Tokens: shaped like Keycloak's, without a real signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Generation,
    state::{Kind, Realm, Subject, new_id},
};

/// The one key that all tokens name.
pub(super) const KEY: &str = "plainly-fake-key";

/// Keycloak's claims. From version 25 on there is no `session_state` any more, only `sid`; old
/// versions write zeros for `nbf` and `auth_time`.
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
    });
    if kind != Kind::Id {
        claims["scope"] = json!(subject.scope);
    }
    if let Some(expires) = expires {
        claims["exp"] = json!(expires);
    }
    if let Some(session) = &subject.session {
        claims["sid"] = json!(session);
    }
    if realm.generation == Generation::Old {
        if let Some(session) = &subject.session {
            claims["session_state"] = json!(session);
        }
        claims["nbf"] = json!(0);
        claims["auth_time"] = json!(0);
    }
    if kind == Kind::Access {
        claims["realm_access"] = json!({ "roles": subject.roles });
    }
    if matches!(kind, Kind::Access | Kind::Id) {
        claims["preferred_username"] = json!(subject.name);
        claims["email_verified"] = json!(false);
        claims["acr"] = json!("1");
        let has = |scope: &str| subject.scope.split(' ').any(|one| one == scope);
        if has("address") && realm.generation != Generation::New {
            claims["address"] = json!({});
        }
        if has("microprofile-jwt") {
            claims["upn"] = json!(subject.name);
            claims["groups"] = json!(subject.roles);
        }
        if subject.session.is_none() {
            claims["client_id"] = json!(subject.client);
        }
    }
    if kind != Kind::Access {
        claims["aud"] = if kind == Kind::Id { json!(subject.client) } else { json!(issuer) };
    }
    claims
}

/// Three segments as in a JWT. The last says in plain words that it is no signature.
pub(super) fn text(kind: Kind, generation: Generation, claims: &Value) -> String {
    let algorithm = match (kind, generation) {
        (Kind::Access | Kind::Id, _) => "RS256",
        (_, Generation::Old) => "HS256",
        _ => "HS512",
    };
    let header = json!({ "alg": algorithm, "typ": "JWT", "kid": KEY });
    let [header, claims] = [header.to_string(), claims.to_string()].map(|part| encoded(&part));
    format!("{header}.{claims}.{}", encoded("plainly-fake-signature"))
}

/// The claims of a token that [`text`] has made.
pub(super) fn read(token: &str) -> Value {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default()
}

pub(super) fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
