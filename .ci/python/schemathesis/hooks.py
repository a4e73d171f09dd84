"""What schemathesis is told beside its settings: two checks of ours, and how to aim at what exists."""

import json

import schemathesis
from hypothesis import strategies
from schemathesis.core.failures import Failure

ENTERPRISE, ORDER_TYPE, CHANNELS = "468979834", "56235", ("TM", "DM", "EM")
CREDENTIALS = ("+4712345678", "carl@customers.example", "+4700000000")
# As many as seed.json has, each of them entitled on WHATSAPP.
USERS = 1000


@schemathesis.hook
def before_load_schema(context, raw_schema):
    # `ignored_auth` passes over the schemes of the type `oauth2`. Their tokens are bearer tokens.
    schemes = raw_schema["components"]["securitySchemes"]
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = {"type": "http", "scheme": "bearer"}


@schemathesis.hook.apply_to(method=["POST", "DELETE"], path_regex="/customer/.*entitlements$")
def flatmap_case(context, case):
    """Aims most valid changes of Symphony's at users who are there: each can be done once only."""
    if not case.meta.generation.mode.is_positive:
        return strategies.just(case)

    def aimed(choice):
        percent, user, network, number = choice
        if percent < 80 and case.method == "DELETE":
            case.query = {"externalNetwork": "WHATSAPP", "advisorSymphonyId": user}
        elif percent < 80:
            case.body |= {"externalNetwork": network, "symphonyId": user}
            case.body.pop("advisorPhoneNumber", None)
            if network == "SMS-DIRECT":
                case.body["advisorPhoneNumber"] = f"+1 {number:010}"
        return case

    return strategies.tuples(
        strategies.integers(0, 99),
        strategies.integers(1, USERS).map(lambda number: f"9{number:011}"),
        strategies.sampled_from(["WECHAT", "SMS", "SMS-DIRECT", "LINE"]),
        strategies.integers(0, 9_999_999_999),
    ).map(aimed)


@schemathesis.check
def documented_status(ctx, response, case):
    """A status has to be documented by its number.

    The check `status_code_conformance` takes every status where there is a `default`.
    """
    if str(response.status_code) not in case.operation.definition.raw["responses"]:
        fail(case, f"the status {response.status_code} is documented as `default` only")


@schemathesis.check
def explained_refusal(ctx, response, case):
    """A request that the specification allows is answered with 400 only for a documented reason."""
    if response.status_code != 400 or not case.meta or not case.meta.generation.mode.is_positive:
        return
    if not EXPLAINED[case.operation.definition.raw["operationId"]](case, response):
        fail(case, "a valid request was refused without a documented reason")


def fail(case, message):
    raise Failure(operation=case.operation.label, title="Disagreement with the specification", message=message)


def never(case, response):
    return False


def documented_code(case, response):
    """The code in `type` stands in the description or the examples of this operation's 400."""
    # An empty name of a network is none, and no code is documented for a request without one.
    if (case.body if isinstance(case.body, dict) else case.query or {}).get("externalNetwork") == "":
        return True
    documented = case.operation.responses.find_by_status_code(400).definition
    code = json.loads(response.content).get("type")
    return code is not None and code in json.dumps(documented)


def wrong_listing(case, response):
    query = case.query or {}

    def is_object(name):
        try:
            return name not in query or isinstance(json.loads(query[name]), dict)
        except ValueError:
            return False

    page, limit = query.get("page"), query.get("limit")
    return (
        not (is_object("filter") and is_object("sort"))
        # It begins like the list or the object that `fields` may be as well, and need not be one.
        or any(name.strip()[:1] in ("[", "{") for name in query.get("fields", ()))
        or (page is not None and (limit is None or int(page) < 1))
        or (limit is not None and int(limit) < 0)
    )


def unknown_level(case, response):
    path = case.path_parameters
    body = case.body if isinstance(case.body, dict) else {}
    channels = [channel["value"] for channel in body.get("channels", ())]
    return (
        path["enterpriseCode"] != ENTERPRISE
        or path.get("orderTypeCode", ORDER_TYPE) != ORDER_TYPE
        or any(channel not in CHANNELS for channel in channels)
        or len(channels) != len(set(channels))
    )


def unknown_shield(case, response):
    body = case.body
    return (
        body["enterpriseCode"] != ENTERPRISE
        or body.get("orderTypeCode", ORDER_TYPE) != ORDER_TYPE
        or body["channel"] not in CHANNELS
        or body["credential"] not in CREDENTIALS
    )


EXPLAINED = {
    "listEntitlements": never,
    "addEntitlement": documented_code,
    "listEntitledAdvisors": documented_code,
    "getCustomerEntitlement": documented_code,
    "deleteCustomerEntitlement": documented_code,
    "getEntitlements": wrong_listing,
    "listGlobalPermissions": never,
    "listEnterprisePermissions": unknown_level,
    "changeEnterprisePermissions": unknown_level,
    "listOrderTypePermissions": unknown_level,
    "changeOrderTypePermissions": unknown_level,
    "shieldOrderTypeByCredential": unknown_shield,
    "shieldEnterpriseByCredential": unknown_shield,
}
