"""Calls the fakes by the Python clients that openapi-generator makes from `specs/`.

Nothing of them is ours but the documents, so the fakes must be what the documents say. The fakes
are those of the example `fake_server` with its built-in seed; `.ci/run` makes the clients and runs
this. It ends with an error at the first difference.
"""

import argparse
import json
import urllib.parse
import urllib.request

import connect_client
import crm_gateway_client
import symphony_client

ADA, BERTA = "351775001412105", "351775001412106"
ENTERPRISE, ORDER_TYPE, PHONE = "468979834", "56235", "+4712345678"


def main():
    parser = argparse.ArgumentParser()
    for name in ("symphony", "crm-gateway", "connect", "keycloak", "connect-login", "token"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    run(symphony, api(symphony_client, given.symphony, given.token))
    run(refused_symphony, api(symphony_client, given.symphony, "another"))
    run(crm_gateway, api(crm_gateway_client, given.crm_gateway, keycloak_token(given.keycloak)))
    run(refused_crm_gateway, api(crm_gateway_client, given.crm_gateway, "another"))
    user = api(connect_client, given.connect, given.token)
    client = api(connect_client, given.connect, connect_token(given.connect_login))
    run(connect_user, user)
    run(connect_client_mode, client, user)
    run(connect_refusals, user, client)


def run(part, *clients):
    part(*clients)
    print(f"{part.__name__}: as expected")


def api(package, url, token):
    return package.ApiClient(package.Configuration(host=url, access_token=token))


def expect(what, seen, expected):
    # Not `assert`, which `python -O` leaves out.
    if seen != expected:
        raise SystemExit(f"{what}: expected {expected!r}, saw {seen!r}")


def expect_error(what, package, status, call, body=None):
    """`body` is what the answer has to hold at least."""
    try:
        answer = call()
    except package.ApiException as error:
        expect(f"{what}: status", error.status, status)
        said = json.loads(error.body)
        expect(f"{what}: body", said, said | (body or {}))
    else:
        raise SystemExit(f"{what}: expected status {status}, saw {answer!r}")


def post_form(url, **fields):
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode()) as answer:
        return json.load(answer)


def keycloak_token(url):
    answer = post_form(
        url, grant_type="password", client_id="crm_client", username="crm_client_user", password="1234"
    )
    renewed = post_form(
        url, grant_type="refresh_token", client_id="crm_client", refresh_token=answer["refresh_token"]
    )
    expect("lifetime of a token", renewed["expires_in"], 300)
    return renewed["access_token"]


def connect_token(url):
    answer = post_form(
        f"{url}/oauth/token",
        grant_type="client_credentials",
        client_id="example.fake.shield",
        client_secret="plainly-fake-too",
    )
    expect("type of a token", answer["token_type"].lower(), "bearer")
    return answer["access_token"]


def symphony(client):
    calls = symphony_client.EntitlementsApi(client)
    networks = calls.list_entitlements().entitlements
    expect("networks", networks, ["WECHAT", "WHATSAPP", "SMS", "SMS-DIRECT", "LINE"])

    request = symphony_client.EntitlementRequest(
        external_network="LINE", symphony_id=BERTA, permissions=["create:room", "create:nothing"]
    )
    added = calls.add_entitlement_with_http_info(request)
    expect("status of an addition", added.status_code, 201)
    entitlement = added.data
    expect("added", (entitlement.symphony_id, entitlement.status), (BERTA, "ENTITLED"))
    expect("outcomes", [outcome.status for outcome in entitlement.permissions], [200, 404])
    granted, refused = entitlement.permissions
    expect("granted", granted.response.permission_name, "create:room")
    expect("refused", refused.error.status_code, 404)
    expect_error(
        "added twice",
        symphony_client,
        400,
        lambda: calls.add_entitlement(request),
        {"type": "entitlement.already.exists", "status": 400},
    )

    pages = symphony_pages(calls)
    expect("sizes of the pages", [len(page) for page in pages], [25, 25, 11])
    ids = {advisor.symphony_id for page in pages for advisor in page}
    expect("advisors", len(ids), 61)
    expect("Ada is one of them", ADA in ids, True)
    backwards = symphony_pages(calls, backwards=True)
    expect("advisors backwards", [page for page in reversed(backwards)], pages[:2])
    with_permissions = calls.list_entitled_advisors("WHATSAPP", list_permissions=True).entitlements
    expect("permissions are listed", all(advisor.permissions for advisor in with_permissions), True)
    expect("permissions are not listed", any(advisor.permissions for advisor in pages[0]), False)

    by_id = calls.get_customer_entitlement("LINE", advisor_symphony_id=BERTA)
    by_email = calls.get_customer_entitlement("LINE", advisor_email_address="berta@acme.example")
    expect("name", (by_id.first_name, by_id.last_name), ("Berta", "Benz"))
    expect("by e-mail address", by_email, by_id)
    direct = calls.get_customer_entitlement("SMS-DIRECT", advisor_symphony_id=ADA)
    expect("number", direct.phone.number, "+1 234-567-8912")
    expect_error(
        "nobody named",
        symphony_client,
        400,
        lambda: calls.get_customer_entitlement("LINE"),
        {"type": "advisor.identifier.not.provided"},
    )

    removed = calls.delete_customer_entitlement_with_http_info("LINE", advisor_symphony_id=BERTA)
    expect("removal", (removed.status_code, removed.data, removed.raw_data), (200, None, b""))
    for call in (calls.get_customer_entitlement, calls.delete_customer_entitlement):
        expect_error(
            "removed",
            symphony_client,
            404,
            lambda call=call: call("LINE", advisor_symphony_id=BERTA),
            {"type": "entitlement.not.found"},
        )


def symphony_pages(calls, backwards=False):
    """All pages, or those in front of the last one."""
    pages, after = [], {}
    while after is not None:
        page = calls.list_entitled_advisors("WHATSAPP", **after)
        pages.append(page.entitlements)
        cursor = page.pagination.cursors.after
        expect("next", page.pagination.next, f"?after={cursor}" if cursor else None)
        after = {"after": cursor} if cursor else None
    if not backwards:
        return pages
    earlier = []
    while page.pagination.cursors.before:
        page = calls.list_entitled_advisors("WHATSAPP", before=page.pagination.cursors.before)
        earlier.append(page.entitlements)
    return earlier


def refused_symphony(client):
    calls = symphony_client.EntitlementsApi(client)
    refused = {"type": "unauthorized", "status": 401}
    expect_error("token", symphony_client, 401, calls.list_entitlements, refused)


def crm_gateway(client):
    calls = crm_gateway_client.EntitlementsApi(client)
    everything = calls.get_entitlements(limit=0)
    expect("count alone", (everything.total_records, everything.resource_set), (252, None))

    wanted = json.dumps({"productType": "THIRDPARTY", "accountId": "exampleAccount1"})
    pages = [
        calls.get_entitlements(filter=wanted, sort='{"created":-1,"_id":1}', limit=10, page=number)
        for number in (1, 2, 3, 4)
    ]
    expect("sizes of the pages", [len(page.resource_set) for page in pages], [10, 10, 6, 0])
    expect("totals", {page.total_records for page in pages}, {26})
    found = [one for page in pages for one in page.resource_set]
    expect("different ones", len({one.id for one in found}), 26)
    expect("accounts", {one.account_id for one in found}, {"exampleAccount1"})
    created = [one.created for one in found]
    expect("order", created, sorted(created, reverse=True))

    sat = calls.get_entitlements(filter='{"_id":"satEntitlement"}', fields=["status", "validFrom"])
    (only,) = sat.resource_set
    shown = {name for name, value in only.to_dict().items() if value is not None}
    expect("fields", shown, {"_id", "status", "validFrom"})
    expect("date", only.valid_from.isoformat(), "2016-10-27T06:10:43+00:00")
    expect("nothing", calls.get_entitlements(filter='{"accountId":"nobody"}').resource_set, [])
    tenant = calls.get_entitlements(limit=1, nv_tenant_id="tenant-1", x_correlation_id="one")
    expect("of a tenant", len(tenant.resource_set), 1)

    for what, arguments in {
        "filter that is no object": {"filter": "[]"},
        "sort that is no object": {"sort": "created"},
        "page without limit": {"page": 2},
        "page 0": {"page": 0, "limit": 1},
    }.items():
        expect_error(
            what,
            crm_gateway_client,
            400,
            lambda arguments=arguments: calls.get_entitlements(**arguments),
            {"code": 400, "errorCode": 1001},
        )
    expect_error(
        "unknown tenant",
        crm_gateway_client,
        404,
        lambda: calls.get_entitlements(nv_tenant_id="nowhere"),
        {"code": 404},
    )


def refused_crm_gateway(client):
    calls = crm_gateway_client.EntitlementsApi(client)
    expect_error("token", crm_gateway_client, 403, calls.get_entitlements, {"code": 403})


def states(level):
    return {channel.value: channel.type for channel in level.channels}


def update(**channels):
    changes = [connect_client.ChannelChange(type=state, value=code) for code, state in channels.items()]
    return connect_client.LevelUpdate(channels=changes)


def connect_user(client):
    calls = connect_client.PermissionsApi(client)
    expect("global", states(calls.list_global_permissions()), {"TM": "SHIELD"})
    expect("enterprise", states(calls.list_enterprise_permissions(ENTERPRISE)), {"DM": "PERMISSION"})
    order_type = calls.list_order_type_permissions(ENTERPRISE, ORDER_TYPE)
    expect("order type", states(order_type), {"EM": "PERMISSION"})

    changed = calls.change_enterprise_permissions_with_http_info(
        ENTERPRISE, update(TM="SHIELD", EM="PERMISSION", DM="NONE")
    )
    expect("status of a change", changed.status_code, 200)
    headers = {name.lower(): value for name, value in changed.headers.items()}
    expect("calls are counted", int(headers["x-ratelimit-remaining"]) < 100, True)
    expected = {"TM": "SHIELD", "EM": "PERMISSION"}
    expect("changed", states(changed.data), expected)
    expect("read again", states(calls.list_enterprise_permissions(ENTERPRISE)), expected)
    changed = calls.change_order_type_permissions(ENTERPRISE, ORDER_TYPE, update(EM="NONE"))
    expect("changed to nothing", changed.channels, [])
    expect("read again", calls.list_order_type_permissions(ENTERPRISE, ORDER_TYPE).channels, [])

    for what, call in {
        "unknown enterprise": lambda: calls.list_enterprise_permissions("0"),
        "unknown order type": lambda: calls.list_order_type_permissions(ENTERPRISE, "0"),
        "unknown channel": lambda: calls.change_enterprise_permissions(ENTERPRISE, update(XX="SHIELD")),
    }.items():
        expect_error(what, connect_client, 400, call)


def connect_client_mode(client, user):
    calls, read = connect_client.ShieldApi(client), connect_client.PermissionsApi(user)
    request = connect_client.ShieldEnterpriseRequest(
        enterprise_code=ENTERPRISE, channel="DM", credential=PHONE
    )
    expect("both have the number", calls.shield_enterprise_by_credential(request).count, 2)
    expect("shielded", states(read.list_enterprise_permissions(ENTERPRISE))["DM"], "SHIELD")
    request = connect_client.ShieldOrderTypeRequest(
        enterprise_code=ENTERPRISE, order_type_code=ORDER_TYPE, channel="EM", credential="ada@customers.example"
    )
    expect("one has the address", calls.shield_order_type_by_credential(request).count, 1)
    shielded = read.list_order_type_permissions(ENTERPRISE, ORDER_TYPE)
    expect("shielded", states(shielded), {"EM": "SHIELD"})
    request.credential = "nobody@customers.example"
    expect("nobody", calls.shield_order_type_by_credential(request).count, 0)


def connect_refusals(user, client):
    request = connect_client.ShieldEnterpriseRequest(
        enterprise_code=ENTERPRISE, channel="DM", credential=PHONE
    )
    expect_error(
        "a user's token in client mode",
        connect_client,
        403,
        lambda: connect_client.ShieldApi(user).shield_enterprise_by_credential(request),
        {"error": "access_denied"},
    )
    expect_error(
        "a client's token in user mode",
        connect_client,
        403,
        connect_client.PermissionsApi(client).list_global_permissions,
        {"error": "access_denied"},
    )
    stranger = api(connect_client, user.configuration.host, "another")
    expect_error(
        "token",
        connect_client,
        401,
        connect_client.PermissionsApi(stranger).list_global_permissions,
        {"error": "invalid_token"},
    )


if __name__ == "__main__":
    main()
