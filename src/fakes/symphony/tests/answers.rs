//! The rows of the behaviour table that carry out a request.

use super::{super::KEY_NAME, *};

fn ada_on_whats_app() -> Tenant {
    acme().advisor(WhatsApp, ada())
}

/// Row: "list networks: 200, list of strings, fixed order of the example".
#[test]
fn networks_are_listed_as_strings_in_the_order_of_the_example() {
    let mut world = World::of(Tenant::default());
    let expected = json!({ "entitlements": ["WECHAT", "WHATSAPP", "SMS", "SMS-DIRECT", "LINE"] });
    assert_eq!(world.get(NETWORKS), expected);
}

/// Row: "POST: ok: 201; `status` `ENTITLED` …; default permissions granted; each requested
/// permission as a bulk item".
#[test]
fn adding_grants_the_default_permissions_and_answers_the_requested_ones_item_by_item() {
    let mut world = World::of(acme());
    let reply = world.post(&json!({
        "externalNetwork": "WHATSAPP",
        "symphonyId": ADA,
        "advisorEmailAddress": "berta@acme.example",
        "federationGroupId": "emea",
        "permissions": ["admin:list-customers", "create:room", "bad:name"],
    }));
    assert_eq!(reply.status, 201);
    let added = body_of(&reply);
    assert_eq!(added["status"], "ENTITLED");
    assert_eq!(added["emailAddress"], "ada@acme.example", "the id decides");
    assert_eq!(added["federationGroupId"], "emea");
    assert!(added.get("phone").is_none());
    let items = added["permissions"].as_array().expect("a list");
    let statuses: Vec<_> = items.iter().map(|item| item["status"].as_u64().expect("a number")).collect();
    assert_eq!(statuses, [200, 200, 404]);
    assert_eq!(items[0]["response"]["permissionName"], "admin:list-customers");
    assert_eq!(items[2]["error"]["itemId"], "bad:name");

    let read = world.get(&format!("{ONE}?externalNetwork=WHATSAPP&advisorSymphonyId=1"));
    let names: Vec<_> = read["permissions"].as_array().expect("a list").iter().collect();
    assert_eq!(names.len(), 6, "five by default and one that was asked for");
}

/// Row: "POST: ok: … or `PRE_ENTITLED` (WhatsApp Direct number not yet activated)".
#[test]
fn whats_app_direct_is_a_pre_entitlement_until_its_number_is_activated() {
    let mut world = World::of(acme().activated_number("+1 1"));
    let on = |number: &str, id: &str| {
        let network = "WHATSAPP-DIRECT";
        json!({ "externalNetwork": network, "symphonyId": id, "advisorPhoneNumber": number })
    };
    let read = format!("{ONE}?externalNetwork=WHATSAPP-DIRECT&advisorSymphonyId=");
    let mut active = on("+1 1", ADA);
    active["permissions"] = json!(["create:room"]);
    assert_eq!(body_of(&world.post(&active))["status"], "ENTITLED");
    assert_eq!(body_of(&world.post(&on("+1 2", "2")))["status"], "PRE_ENTITLED");
    assert_eq!(world.get(&format!("{read}2"))["permissions"], json!([]));

    world.state.tenant(KEY_NAME).numbers.activated.insert("+1 2".to_owned());
    let berta = world.get(&format!("{read}2"));
    assert_eq!(berta["status"], "ENTITLED");
    assert_eq!(berta["permissions"].as_array().map(Vec::len), Some(5));
}

/// Row: "POST: SMS-DIRECT Second-Number pool empty: 500", and before it is.
#[test]
fn second_numbers_come_from_the_pool_in_its_order_and_go_back_to_it() {
    let mut world = World::of(acme().user(person(0)).second_numbers(["+1 7", "+1 5"]));
    let number = |reply: Reply| body_of(&reply)["phone"]["number"].as_str().map(str::to_owned);
    let given = body_of(&world.add("SMS-DIRECT", ADA));
    assert_eq!(given["phone"]["number"], "+1 7");
    assert_eq!(given["phone"]["subNetwork"], "SECOND-NUMBER");
    assert_eq!(number(world.add("SMS-DIRECT", "2")).as_deref(), Some("+1 5"));
    assert_eq!(refusal(&world.add("SMS-DIRECT", "1000000")).1.as_deref(), Some("no.available.number"));
    world.send("DELETE", &format!("{ONE}?externalNetwork=SMS-DIRECT&advisorSymphonyId=1"), b"");
    assert_eq!(number(world.add("SMS-DIRECT", "1000000")).as_deref(), Some("+1 7"));
    world.send("DELETE", &format!("{ONE}?externalNetwork=SMS-DIRECT&advisorSymphonyId=2"), b"");
    let brought = json!({ "externalNetwork": "SMS-DIRECT", "symphonyId": ADA, "advisorPhoneNumber": "+1 5" });
    assert_eq!(world.post(&brought).status, 201);
    assert_eq!(refusal(&world.add("SMS-DIRECT", "2")).1.as_deref(), Some("no.available.number"));
}

/// A pre-allocated number is the advisor's own, and WhatsApp Direct takes it by itself.
#[test]
fn the_pre_allocated_number_is_taken() {
    let mut world = World::of(acme().pre_allocated_number(ADA, "+1 3"));
    let phone = body_of(&world.add("WHATSAPP-DIRECT", ADA))["phone"].clone();
    assert_eq!(phone["number"], "+1 3");
    assert_eq!(phone["product"], "PRE_ALLOCATED_NUMBER");
    let same = json!({ "externalNetwork": "SMS-DIRECT", "symphonyId": ADA, "advisorPhoneNumber": "+1 3" });
    assert_eq!(world.post(&same).status, 201, "nobody else holds it");
    world.state.tenant(KEY_NAME).remove(&SmsDirect, 0);
    world.state.tenant(KEY_NAME).remove(&WhatsAppDirect, 0);
    let other = json!({ "externalNetwork": "SMS-DIRECT", "symphonyId": "2", "advisorPhoneNumber": "+1 3" });
    assert_eq!(refusal(&world.post(&other)).1.as_deref(), Some("number.not.available"));

    let tenant = acme().pre_allocated_number(ADA, "+1 3").second_numbers(["+1 3", "+1 4"]);
    let mut world = World::of(tenant);
    for (id, number) in [("2", "+1 4"), (ADA, "+1 3")] {
        assert_eq!(body_of(&world.add("SMS-DIRECT", id))["phone"]["number"], number);
    }
}

/// Row: "list advisors: network without advisors: 200, `entitlements: []`, `next`/`previous`/
/// cursors null".
#[test]
fn a_network_without_advisors_is_an_empty_page_with_null_links() {
    let nulls = json!({ "previous": null, "next": null, "cursors": { "before": null, "after": null } });
    let expected = json!({ "entitlements": [], "pagination": nulls });
    let mut world = World::of(acme());
    assert_eq!(world.get(&list("LINE")), expected);
    assert_eq!(world.get(&list("PIGEON")), expected);
}

/// Rows: "list advisors: middle page: `next` = `?after=<cursor>`, `cursors.after` = `<cursor>`;
/// same for previous/before" and "last page: `next` null and `cursors.after` null".
#[test]
fn links_are_suffixes_around_the_bare_cursors_and_null_at_the_ends() {
    let tenant = (0..6).fold(Tenant::default(), |tenant, number| tenant.advisor(Line, person(number)));
    let mut world = World::of(tenant);
    let first = world.get(&list("LINE"));
    assert_eq!(ids(&first), ["1000000", "1000001"]);
    assert!(first["pagination"]["previous"].is_null());
    assert!(first["pagination"]["cursors"]["before"].is_null());

    let middle =
        world.get(&format!("{}{}", list("LINE"), first["pagination"]["next"].as_str().expect("a suffix")));
    assert_eq!(ids(&middle), ["1000002", "1000003"]);
    let links = &middle["pagination"];
    for (link, name) in [("next", "after"), ("previous", "before")] {
        let cursor = links["cursors"][name].as_str().expect("a cursor");
        assert_eq!(links[link], format!("?{name}={cursor}"));
    }

    let last = world.get(&format!("{}{}", list("LINE"), links["next"].as_str().expect("a suffix")));
    assert_eq!(ids(&last), ["1000004", "1000005"]);
    assert!(last["pagination"]["next"].is_null());
    assert!(last["pagination"]["cursors"]["after"].is_null());
    let back = format!("{}{}", list("LINE"), last["pagination"]["previous"].as_str().expect("a suffix"));
    assert_eq!(world.get(&back), middle, "the same page from the other side");
}

/// Row: "list advisors: `listPermissions` absent or false: omit `permissions`".
#[test]
fn permissions_are_listed_only_when_asked_for() {
    let mut world = World::of(ada_on_whats_app());
    for (query, count) in [("", None), ("?listPermissions=false", None), ("?listPermissions=true", Some(5))] {
        let page = world.get(&format!("{}{query}", list("WHATSAPP")));
        let permissions = page["entitlements"][0].get("permissions");
        assert_eq!(permissions.map(|names| names.as_array().expect("a list").len()), count, "{query}");
    }
}

/// Row: "GET one / DELETE: both id and e-mail: id decides, e-mail ignored".
#[test]
fn the_id_decides_where_there_is_an_e_mail_address_too() {
    let mut world = World::of(acme().advisor(Line, ada()).advisor(Line, berta()));
    let both =
        format!("{ONE}?externalNetwork=LINE&advisorSymphonyId=1&advisorEmailAddress=berta@acme.example");
    assert_eq!(world.get(&both)["emailAddress"], "ada@acme.example");
    assert_eq!(world.send("DELETE", &both, b"").status, 200);
    assert_eq!(ids(&world.get(&list("LINE"))), ["2"]);
}

/// Row: "DELETE: ok: 200, zero-length body", and after it 404.
#[test]
fn removing_answers_200_without_a_body_and_404_the_second_time() {
    let mut world = World::of(ada_on_whats_app());
    let path = format!("{ONE}?externalNetwork=WHATSAPP&advisorEmailAddress=ada@acme.example");
    let reply = world.send("DELETE", &path, b"");
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    assert!(reply.headers.is_empty());
    assert_eq!(refusal(&world.send("DELETE", &path, b"")).0, 404);
    assert_eq!(world.add("WHATSAPP", ADA).status, 201, "and can be added again");
}

#[test]
fn the_network_in_the_path_is_decoded_and_is_one_segment() {
    let mut world = World::of(acme().network("A+B/Ä").advisor("A+B/Ä", ada()));
    assert_eq!(ids(&world.get(&list("A+B%2F%C3%84"))), ["1"]);
    assert_eq!(world.send("GET", &list("A+B/%C3%84"), b"").status, 404);
    assert_eq!(world.send("GET", &list(""), b"").status, 404);
    let refused = world.send("POST", &list("LINE"), b"");
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["allow"]),
        (405, &http::HeaderValue::from_static("GET"))
    );
}
