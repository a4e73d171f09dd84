//! Tenants know nothing of each other.

use super::*;

fn world() -> World {
    let other = Tenant::new("other-key")
        .accept_token("o")
        .networks([Line, WhatsAppDirect])
        .permissions(Line, [("look", true), ("touch", false)])
        .user(User::new(ADA, "ada@other.example", "Ada", "Other").company("Other"));
    World::new(Fake::builder().tenant(acme().advisor(Line, ada())).tenant(other))
}

#[test]
fn users_networks_and_advisors_are_a_tenants_own() {
    let mut world = world();
    assert_eq!(ids(&world.get(&list("LINE"))), [ADA]);
    world.token = "o".to_owned();
    assert_eq!(world.get(NETWORKS), json!({ "entitlements": ["LINE", "WHATSAPP-DIRECT"] }));
    assert_eq!(ids(&world.get(&list("LINE"))), [""; 0]);
    assert_eq!(refusal(&world.add("SMS", ADA)).1.as_deref(), Some("forbidden.entitlement.type"));
    assert_eq!(refusal(&world.add("LINE", "2")).1.as_deref(), Some("symphony.user.not.found"));
    let added = body_of(&world.add("LINE", ADA));
    assert_eq!(added["emailAddress"], "ada@other.example");
    assert_eq!(added["companyName"], "Other");
}

#[test]
fn permissions_are_a_tenants_own_network_by_network() {
    let mut world = world();
    world.token = "o".to_owned();
    let wanted = json!({
        "externalNetwork": "LINE", "symphonyId": ADA, "permissions": ["touch", "create:room"],
    });
    let items = body_of(&world.post(&wanted))["permissions"].clone();
    assert_eq!((items[0]["status"].as_u64(), items[1]["status"].as_u64()), (Some(200), Some(404)));
    let page = world.get(&format!("{}?listPermissions=true", list("LINE")));
    let held = page["entitlements"][0]["permissions"].as_array().expect("a list").clone();
    let names: Vec<_> = held.iter().map(|item| item["permissionName"].as_str().expect("a name")).collect();
    assert_eq!(names, ["look", "touch"]);
}

#[test]
fn numbers_are_a_tenants_own() {
    let mut world = world();
    let wanted =
        json!({ "externalNetwork": "WHATSAPP-DIRECT", "symphonyId": ADA, "advisorPhoneNumber": "+1 2" });
    assert_eq!(world.post(&wanted).status, 201);
    world.token = "o".to_owned();
    assert_eq!(world.post(&wanted).status, 201, "who holds it is another tenant's advisor");
}
