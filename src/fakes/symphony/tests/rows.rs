//! The rows of the behaviour table that refuse a request.

use super::*;

/// A row of the table that ends in a refusal: how the tenant is, the request, and the answer.
struct Row {
    name: &'static str,
    tenant: fn() -> Tenant,
    request: (&'static str, &'static str, &'static str),
    answer: (u16, Option<&'static str>),
}

fn ada_on_whats_app() -> Tenant {
    acme().advisor(WhatsApp, ada())
}

fn berta_holds_a_number() -> Tenant {
    acme().advisor(SmsDirect, Entitlement::new(berta()).phone_number("+1 2"))
}

const ROWS: &[Row] = &[
    Row {
        name: "any but POST: token valid, tenant not allowed (list networks)",
        tenant: || acme().not_allowed(),
        request: ("GET", NETWORKS, ""),
        answer: (403, Some("Forbidden")),
    },
    Row {
        name: "any but POST: token valid, tenant not allowed (list advisors)",
        tenant: || ada_on_whats_app().not_allowed(),
        request: ("GET", "/admin/api/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors", ""),
        answer: (403, Some("Forbidden")),
    },
    Row {
        name: "any but POST: token valid, tenant not allowed (GET one)",
        tenant: || ada_on_whats_app().not_allowed(),
        request: (
            "GET",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=1",
            "",
        ),
        answer: (403, Some("Forbidden")),
    },
    Row {
        name: "any but POST: token valid, tenant not allowed (DELETE)",
        tenant: || ada_on_whats_app().not_allowed(),
        request: (
            "DELETE",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=1",
            "",
        ),
        answer: (403, Some("Forbidden")),
    },
    Row {
        name: "POST: tenant not allowed (no `Forbidden` is documented there)",
        tenant: || acme().not_allowed(),
        request: ("POST", NETWORKS, r#"{"externalNetwork":"LINE","symphonyId":"1"}"#),
        answer: (403, Some("forbidden.entitlement.type")),
    },
    Row {
        name: "POST: body not JSON",
        tenant: acme,
        request: ("POST", NETWORKS, "externalNetwork=LINE"),
        answer: (400, None),
    },
    Row {
        name: "POST: `externalNetwork` missing",
        tenant: acme,
        request: ("POST", NETWORKS, r#"{"symphonyId":"1"}"#),
        answer: (400, None),
    },
    Row {
        name: "POST: neither `symphonyId` nor `advisorEmailAddress`",
        tenant: acme,
        request: ("POST", NETWORKS, r#"{"externalNetwork":"PIGEON","symphonyId":""}"#),
        answer: (400, Some("advisor.identifier.not.provided")),
    },
    Row {
        name: "POST: unknown network name",
        tenant: || acme().unconfigured(),
        request: ("POST", NETWORKS, r#"{"externalNetwork":"PIGEON","symphonyId":"9"}"#),
        answer: (400, Some("entitlement.type.not.found")),
    },
    Row {
        name: "POST: network known but not enabled for the tenant",
        tenant: || Tenant::default().networks([Line]).unconfigured(),
        request: ("POST", NETWORKS, r#"{"externalNetwork":"WHATSAPP","symphonyId":"9"}"#),
        answer: (403, Some("forbidden.entitlement.type")),
    },
    Row {
        name: "POST: tenant has no configuration",
        tenant: || acme().unconfigured(),
        request: ("POST", NETWORKS, r#"{"externalNetwork":"WHATSAPP","symphonyId":"9"}"#),
        answer: (404, Some("tenant.configuration.not.found")),
    },
    Row {
        name: "POST: user unknown",
        tenant: acme,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WHATSAPP","symphonyId":"9","advisorEmailAddress":"ada@acme.example"}"#,
        ),
        answer: (400, Some("symphony.user.not.found")),
    },
    Row {
        name: "POST: already entitled",
        tenant: ada_on_whats_app,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WHATSAPP","advisorEmailAddress":"ada@acme.example","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (400, Some("entitlement.already.exists")),
    },
    Row {
        name: "POST: phone number on WECHAT",
        tenant: berta_holds_a_number,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WECHAT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (400, Some("advisor.phone.number.not.supported")),
    },
    Row {
        name: "POST: phone number on WHATSAPP",
        tenant: acme,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WHATSAPP","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (400, Some("advisor.phone.number.not.supported")),
    },
    Row {
        name: "POST: phone number on SMS",
        tenant: acme,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"SMS","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (400, Some("advisor.phone.number.not.supported")),
    },
    Row {
        name: "POST: phone number on LINE",
        tenant: acme,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"LINE","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (400, Some("advisor.phone.number.not.supported")),
    },
    Row {
        name: "POST: SMS-DIRECT In-Network without a number",
        tenant: acme,
        request: ("POST", NETWORKS, r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1"}"#),
        answer: (400, Some("advisor.phone.number.is.required")),
    },
    Row {
        name: "POST: result would be `PRE_ENTITLED` and `permissions` given",
        tenant: berta_holds_a_number,
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WHATSAPP-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2","permissions":["create:room"]}"#,
        ),
        answer: (400, Some("pre.entitlement.permissions.not.supported")),
    },
    Row {
        name: "POST: number held by another advisor, the first of the four conflicts",
        tenant: || {
            berta_holds_a_number()
                .pre_allocated_number(ADA, "+1 3")
                .unavailable_number("+1 2")
                .unregistrable_number("+1 2", "No.")
        },
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (409, Some("advisor.phone.number.already.used")),
    },
    Row {
        name: "POST: number differs from the pre-allocated one, the second",
        tenant: || {
            acme()
                .pre_allocated_number(ADA, "+1 3")
                .unavailable_number("+1 2")
                .unregistrable_number("+1 2", "No.")
        },
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (409, Some("pre.entitlement.phone.number.mismatch")),
    },
    Row {
        name: "POST: number not available, the third",
        tenant: || acme().unavailable_number("+1 2").unregistrable_number("+1 2", "No."),
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"WHATSAPP-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (409, Some("number.not.available")),
    },
    Row {
        name: "POST: registration refused, the fourth",
        tenant: || acme().unregistrable_number("+1 2", "No."),
        request: (
            "POST",
            NETWORKS,
            r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1","advisorPhoneNumber":"+1 2"}"#,
        ),
        answer: (409, Some("number.registration.not.possible")),
    },
    Row {
        name: "POST: SMS-DIRECT Second-Number pool empty",
        tenant: || berta_holds_a_number().second_numbers(["+1 2"]),
        request: ("POST", NETWORKS, r#"{"externalNetwork":"SMS-DIRECT","symphonyId":"1"}"#),
        answer: (500, Some("no.available.number")),
    },
    Row {
        name: "list advisors: unknown cursor",
        tenant: ada_on_whats_app,
        request: ("GET", "/admin/api/v1/customer/entitlements/externalNetwork/WHATSAPP/advisors?after=x", ""),
        answer: (400, Some("invalid.page.cursor")),
    },
    Row {
        name: "GET one: neither id nor e-mail",
        tenant: acme,
        request: (
            "GET",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=LINE&advisorSymphonyId=",
            "",
        ),
        answer: (400, Some("advisor.identifier.not.provided")),
    },
    Row {
        name: "DELETE: neither id nor e-mail",
        tenant: acme,
        request: ("DELETE", "/admin/api/v2/customer/advisor/entitlements?externalNetwork=LINE", ""),
        answer: (400, Some("advisor.identifier.not.provided")),
    },
    Row {
        name: "GET one: no such entitlement",
        tenant: ada_on_whats_app,
        request: (
            "GET",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=LINE&advisorSymphonyId=1",
            "",
        ),
        answer: (404, Some("entitlement.not.found")),
    },
    Row {
        name: "DELETE: no such entitlement",
        tenant: ada_on_whats_app,
        request: (
            "DELETE",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=LINE&advisorSymphonyId=1",
            "",
        ),
        answer: (404, Some("entitlement.not.found")),
    },
    Row {
        name: "GET one: both id and e-mail, the id decides",
        tenant: ada_on_whats_app,
        request: (
            "GET",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=2&advisorEmailAddress=ada@acme.example",
            "",
        ),
        answer: (404, Some("entitlement.not.found")),
    },
    Row {
        name: "DELETE: both id and e-mail, the id decides",
        tenant: ada_on_whats_app,
        request: (
            "DELETE",
            "/admin/api/v2/customer/advisor/entitlements?externalNetwork=WHATSAPP&advisorSymphonyId=2&advisorEmailAddress=ada@acme.example",
            "",
        ),
        answer: (404, Some("entitlement.not.found")),
    },
    Row {
        name: "GET one: no network at all",
        tenant: acme,
        request: ("GET", "/admin/api/v2/customer/advisor/entitlements?advisorSymphonyId=1", ""),
        answer: (400, None),
    },
    Row { name: "no such path", tenant: acme, request: ("GET", "/admin/api", ""), answer: (404, None) },
    Row { name: "no such method", tenant: acme, request: ("PUT", NETWORKS, ""), answer: (405, None) },
];

#[test]
fn every_refusal_of_the_table_has_its_status_and_its_type() {
    for Row { name, tenant, request: (method, path, body), answer: (status, kind) } in ROWS {
        let mut world = World::of(tenant());
        let reply = world.send(method, path, body.as_bytes());
        assert_eq!(refusal(&reply), (*status, kind.map(str::to_owned)), "{name}");
        let body = body_of(&reply);
        assert_eq!(body["status"], *status, "{name}");
        assert!(body["title"].is_string(), "{name}");
        let has_detail = *kind == Some("number.registration.not.possible");
        assert_eq!(body["detailMessage"].is_string(), has_detail, "{name}");
    }
}

/// Row: "any: no or bad bearer token: 401 `unauthorized`".
#[test]
fn every_operation_refuses_a_bad_token_before_anything_else() {
    let requests = [
        ("GET", NETWORKS),
        ("POST", NETWORKS),
        ("GET", &list("LINE")),
        ("GET", ONE),
        ("DELETE", ONE),
        ("GET", "/admin/api"),
    ];
    for (method, path) in requests {
        let mut world = World::of(acme().not_allowed());
        world.token = "another".to_owned();
        let reply = world.send(method, path, b"");
        assert_eq!(refusal(&reply), (401, Some("unauthorized".to_owned())), "{method} {path}");
        let mut request = world.request(method, path, b"");
        request.headers.clear();
        let reply = world.state.handle(&request, &Visit::new(world.now, None));
        assert_eq!(refusal(&reply), (401, Some("unauthorized".to_owned())), "{method} {path}");
    }
}

/// Row: "POST: body not JSON …: 400", for whatever the specification does not allow. The token,
/// the path and the tenant are looked at before.
#[test]
fn a_broken_rule_is_refused_after_the_token_the_path_and_the_tenant() {
    let broken = |world: &mut World, method: &str, path: &str| {
        let request = world.request(method, path, br#"{"externalNetwork":"LINE","symphonyId":"1"}"#);
        let visit = Visit::new(world.now, Some("a-rule".to_owned()));
        let reply = world.state.handle(&request, &visit);
        (refusal(&reply), visit.refused_for().is_some())
    };
    let mut world = World::of(acme());
    for (method, path) in
        [("GET", NETWORKS), ("POST", NETWORKS), ("GET", &list("LINE")), ("GET", ONE), ("DELETE", ONE)]
    {
        assert_eq!(broken(&mut world, method, path), ((400, None), true), "{method} {path}");
    }
    assert_eq!(broken(&mut world, "GET", "/admin"), ((404, None), false));
    assert_eq!(broken(&mut world, "PATCH", ONE), ((405, None), false));
    world.token.clear();
    assert_eq!(broken(&mut world, "POST", NETWORKS), ((401, Some("unauthorized".to_owned())), false));
    let mut world = World::of(acme().not_allowed());
    assert_eq!(broken(&mut world, "GET", NETWORKS), ((403, Some("Forbidden".to_owned())), false));
}
