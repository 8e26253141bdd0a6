"""The OpenAPI document: what FastAPI finds out, what the rules say, and the response models.

Response models are imported only when the document is made: a serving worker has no use for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from gateway.query import describe_query
from gateway.quotas import class_of
from gateway.rules import Access, Key, Rules, rules_of

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
_REF = "#/components/schemas/"

TAGS = (
    ("Sessions", "Registration, login and tokens."),
    ("Account", "The caller's own account."),
    ("Sellers", "Sellers, their members and locations."),
    ("Catalogue", "Products, categories and pictures. Reading is public and cached."),
    ("Stock", "What is physically there, what is reserved and what can be bought."),
    ("Carts", "Carts of guests (`X-Cart-Token`) and accounts, and their checkout."),
    ("Orders", "Orders of accounts, guests (`X-Order-Token`) and sellers."),
    ("Shipments", "Parcels of sellers' orders, and carriers' webhooks."),
    ("Payments", "Payment methods, payments, refunds, the sandbox and the ledger."),
    ("Notifications", "The in-app inbox and tickets for WebSockets."),
    ("Administration", "For admins."),
    ("Operations", "Health and keys."),
)

_DESCRIPTION = """\
The commerce API of Soko.

- Money is `{"amount_minor": 129900, "currency": "KES"}`: whole minor units and ISO 4217.
- Times are RFC 3339 in UTC. Ids are a prefix and 26 characters: `ord_01h455vb4pex5vsknk084sn02q`.
- Errors are RFC 9457 problems with a stable `code` and a `trace_id`.
- Lists take `limit` and `cursor` and answer `{"items": [], "next_cursor": null}`.
- Requests are counted per address and per account, by class of operation. Answers say what is left
  (`RateLimit-Policy`, `RateLimit`: draft-ietf-httpapi-ratelimit-headers); 429 says when to come
  back (`Retry-After`) and which quotas were too small (`violated_policies`).
- What is too long, too deep or too slow gets 400, 408, 413, 414 or 431, whatever it asks for.
- Words such as a status are open: expect new ones.
- `x-soko-access` says who may call an operation: `who` is `public`, `optional` (credentials must be
  valid if there are any), `account` or `signature`; `roles` are the platform's and `seller_roles`
  those at the seller that it is reserved to (any of either will do); `guest_token` is the header
  that stands for an account; `step_up` asks accounts with a second factor for a fresh proof. Whose
  a thing is decides besides: another's is 404.

**Real time.** `WS /ws/orders/{order_id}?ticket=` (or `?order_token=`) and
`WS /ws/users/{user_id}?ticket=` send `order_status_update` messages as JSON text;
`&after=<sequence>` resumes. The first message is the current state; with `after` it is the first
message that was missed. `sequence` counts from 1, and is 0 (with `event_id` null) for a state that
no message told of yet. Close codes: 4401 not allowed or ticket used, 4404 unknown, 4408 too slow,
1012 restart, 1013 a service is away.
"""

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Access token of /v1/auth/login",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of /v1/api-keys with the scope that is named",
    },
    "cartToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Cart-Token",
        "description": "A guest's cart: the `token` of its creation",
    },
    "orderToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Order-Token",
        "description": "A guest's order: the `token` of its checkout",
    },
    "carrierSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "A carrier's signature of the body (Standard Webhooks)",
    },
    "providerSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "Stripe-Signature",
        "description": "Stripe's signature of the body; M-Pesa's stands in the address's query",
    },
}
_HEADER_SCHEMES = {
    scheme["name"]: key for key, scheme in _SECURITY_SCHEMES.items() if "name" in scheme
}

_LIMIT_HEADERS = {
    "Retry-After": "Seconds to wait before asking again",
    "RateLimit-Policy": "The quotas that count this request, and their windows in seconds: "
    '`"writes-by-address";q=1200;w=60`',
    "RateLimit": "What is left of them, and the seconds until there is more: "
    '`"writes-by-address";r=1199;t=1`',
}

_TITLES = {
    400: "Malformed JSON, header or cursor",
    401: "No or bad credentials",
    402: "Payment refused",
    403: "Not allowed",
    404: "Unknown, or another's",
    409: "Conflict with the present state",
    412: "`If-Match` names another version",
    413: "Body too large",
    415: "Not the right media type",
    422: "Wrong type, range or unknown field",
    428: "`If-Match` is missing",
    429: "Too many requests, or attempts",
    503: "A service is away; see `service` and `Retry-After`",
    504: "A service did not answer in time",
}


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": {"$ref": _REF + "Problem"}}},
    }


def _described_limits(operation: dict[str, Any]) -> None:
    """Document 429 with its headers."""
    refusal = operation["responses"].setdefault("429", _problem(_TITLES[429]))
    refusal["description"] += (", " if "`" in refusal["description"] else ": ") + "`rate_limited`"
    refusal["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMIT_HEADERS}


def answers(
    success: Mapping[int, str], errors: Mapping[int, str] | None = None, *, etag: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Return an operation's ``responses``.

    ``success`` names the response model per status (empty without a body); ``errors`` names the
    codes that this operation has besides those that follow from its rules.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for status, model in success.items():
        found[status] = {"description": "Done"}
        if model:
            found[status]["content"] = {JSON: {"schema": {"$ref": _REF + model}}}
            found[status]["description"] = _sentence(model)
        if etag:
            found[status]["headers"] = {
                "ETag": {
                    "description": "Version to send as `If-Match`",
                    "schema": {"type": "string"},
                }
            }
    for status, codes in (errors or {}).items():
        names = ", ".join(f"`{code.strip()}`" for code in codes.split(",") if code.strip())
        found[status] = _problem(f"{_TITLES[status]}: {names}" if names else _TITLES[status])
    found.setdefault(422, _problem(_TITLES[422]))
    found.setdefault(503, _problem(_TITLES[503]))
    found.setdefault(504, _problem(_TITLES[504]))
    return found


def _sentence(model: str) -> str:
    words = "".join(" " + char.lower() if char.isupper() else char for char in model).strip()
    return words.capitalize()


def _header(name: str, description: str, *, required: bool, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


def describe_rules(rules: Rules, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an operation's rules add to its description."""
    parameters: list[dict[str, Any]] = describe_query(rules.query) if rules.query else []
    responses: dict[str, Any] = {}
    if rules.key is not Key.NONE:
        parameters.append(
            _header(
                "Idempotency-Key",
                "The same key and body again get the same answer again, for 24 hours",
                required=rules.key is Key.REQUIRED,
                example="4f9c2c1e-8a3b-4a52-9b0e-2f1f5e0f7c11",
            )
        )
        responses["400"] = _problem(_TITLES[400])
    if rules.if_match is not None:
        parameters.append(
            _header(
                "If-Match",
                "The `ETag` that was read, or `*`",
                required=rules.if_match,
                example='"3"',
            )
        )
        responses["412"] = _problem(_TITLES[412])
        if rules.if_match:
            responses["428"] = _problem(_TITLES[428])
    security = _security(rules)
    if security:
        responses["401"] = _problem(_TITLES[401])
    if rules.roles or rules.members or rules.step_up or (rules.scope and security):
        codes = {"`step_up_required`": rules.step_up, "`insufficient_scope`": bool(rules.scope)}
        needed = ", ".join(code for code, possible in codes.items() if possible)
        responses["403"] = _problem(f"{_TITLES[403]}: {needed}" if needed else _TITLES[403])
    described: dict[str, Any] = dict(extra or {})
    if rules.as_sent:
        described["requestBody"] = {
            "required": True,
            "description": "As its sender documents it",
            "content": {JSON: {"schema": {"type": "object"}}},
        }
    if parameters:
        described["parameters"] = parameters
    if responses:
        described["responses"] = responses
    if security:
        described["security"] = security
    return described


def _security(rules: Rules) -> list[dict[str, list[str]]]:
    """Return the alternatives, each with all that it takes; nothing for what is public."""
    if rules.access is Access.PUBLIC:
        return []
    if rules.access is Access.SIGNATURE:
        return [{_HEADER_SCHEMES[rules.signature]: []}]
    account: dict[str, list[str]] = {"bearer": []}
    guest: dict[str, list[str]] = {}
    if rules.guest_header:
        guest[_HEADER_SCHEMES[rules.guest_header]] = []
    keys: list[dict[str, list[str]]] = [{"apiKey": [rules.scope]}] if rules.scope else []
    if rules.access is Access.OPTIONAL:
        return [account, *keys, guest]
    return [{**each, **guest} for each in (account, *keys)]


def _describe_access(rules: Rules) -> dict[str, Any]:
    """Return what ``x-soko-access`` says of an operation."""
    described: dict[str, Any] = {"who": rules.access.value}
    if rules.roles:
        described["roles"] = sorted(rules.roles)
    if rules.members:
        described["seller_roles"] = sorted(rules.members)
    if rules.guest_header:
        described["guest_token"] = rules.guest_header
    if rules.step_up:
        described["step_up"] = True
    if rules.scope:
        described["scope"] = rules.scope
    return described


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the application."""
    from pydantic.json_schema import models_json_schema

    from gateway.documents import DOCUMENTS

    document = get_openapi(
        title="Soko",
        version=app.version,
        summary="Self-hosted commerce back end for cross-border marketplaces",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": description} for name, description in TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["x-soko-access"] = _describe_access(rules_of(route.endpoint))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if class_of(method.upper(), path):
                _described_limits(operation)
            if "security" in operation:
                # A header that stands there twice, or two kinds of credentials.
                operation["responses"].setdefault("400", _problem(_TITLES[400]))
            if "requestBody" in operation:
                for status in (400, 413, 415):
                    operation["responses"].setdefault(str(status), _problem(_TITLES[status]))
            operation["responses"] = dict(sorted(operation["responses"].items()))
    _, definitions = models_json_schema(
        [(model, "serialization") for model in DOCUMENTS], ref_template=_REF + "{model}"
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(definitions.get("$defs", {}))
    components["schemas"] = dict(sorted(schemas.items()))
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in _LIMIT_HEADERS.items()
    }
    components["securitySchemes"] = _SECURITY_SCHEMES
    return document
