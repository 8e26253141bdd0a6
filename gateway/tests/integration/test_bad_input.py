"""Every route refuses nonsense with the contract's problem document, and never with a 500."""

import asyncio
import re

import orjson
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "01h455vb4pex5vsknk084sn02q"
PATHS = {
    "cart_id": f"cart_{ID}",
    "item_id": f"item_{ID}",
    "order_id": f"ord_{ID}",
    "product_id": f"prd_{ID}",
    "variant_id": f"var_{ID}",
    "category_id": f"cat_{ID}",
    "media_id": f"med_{ID}",
    "payment_id": f"pay_{ID}",
    "shipment_id": f"shp_{ID}",
    "rule_id": f"cmr_{ID}",
    "account_id": f"usr_{ID}",
    "user_id": f"usr_{ID}",
    "notification_id": f"ntf_{ID}",
    "api_key_id": f"key_{ID}",
    "dead_letter_id": f"dlt_orders_{ID}",
    "session_id": f"ses_{ID}",
    "seller_order_id": f"sor_{ID}",
    "id_or_slug": "a-name",
    "rendition": "card",
    "provider": "stripe",
}
BAD_BODIES = [
    (b"", 400, "malformed_json"),
    (b"{", 400, "malformed_json"),
    (b"\x00", 400, "malformed_json"),
    (b'{"a": NaN}', 400, "malformed_json"),
    (b'{"a": 1e400}', 400, "malformed_json"),
    (b'{"a": "\\ud800"}', 400, "malformed_json"),
    (b'{"a": "\xff"}', 400, "malformed_json"),
    (b"[" * 100_000, 400, "malformed_json"),
    (b'{"a": ' + b"1" * 5000 + b"}", 400, "malformed_json"),
    (b"[]", 422, "validation_failed"),
    (b"null", 422, "validation_failed"),
    (b'"text"', 422, "validation_failed"),
    (b"1", 422, "validation_failed"),
    (b'{"a": "\\u0000"}', 422, "validation_failed"),
    (b'{"a\\u0000": 1}', 422, "validation_failed"),
    (b'{"surprise": 1}', 422, "unknown_field"),
]


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def filled(path):
    return re.sub(r"\{(\w+)\}", lambda match: PATHS[match[1]], path)


async def described(running):
    return (await running.client.get("/openapi.json")).json()


def headers_for(running, operation, **more):
    headers = {"Idempotency-Key": "k", "If-Match": '"1"', "X-Order-Token": "t", **more}
    if operation.get("security"):
        headers |= running.issuer.bearer("operator", "admin")
    return headers


def assert_problem(answer, status=None, code=None):
    assert answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "trace_id"} <= set(problem)
    assert problem["status"] == answer.status_code
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"])
    assert answer.headers["X-Request-ID"]
    if status is not None:
        assert answer.status_code == status, answer.text
    if code is not None:
        assert problem["code"] == code
    return problem


async def test_every_operation_with_a_body_refuses_bodies_of_nonsense(running):
    found = 0
    for method, path, operation in operations(await described(running)):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content or path.startswith("/v1/webhooks/"):
            continue
        found += 1
        for body, status, code in BAD_BODIES:
            if body == b"" and not operation["requestBody"].get("required"):
                continue
            headers = headers_for(running, operation, **{"Content-Type": "application/json"})
            answer = await running.client.request(
                method, filled(path), content=body, headers=headers
            )
            problem = assert_problem(answer, status, code)
            if status == 422:
                assert problem["errors"], (method, path, body)
                assert all(
                    each["pointer"] == "" or each["pointer"].startswith("/")
                    for each in problem["errors"]
                )
    assert found > 15
    assert {call.method for call in running.services.calls} <= {"GetJwks", "ListRevokedSessions"}


async def test_every_operation_refuses_other_media_types_and_huge_bodies(running):
    for method, path, operation in operations(await described(running)):
        if method in ("GET", "DELETE") or "application/json" not in operation.get(
            "requestBody", {}
        ).get("content", {}):
            continue
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "", "application"):
            headers = headers_for(running, operation, **{"Content-Type": media_type})
            answer = await running.client.request(
                method, filled(path), content=b"{}", headers=headers
            )
            assert_problem(answer, 415, "unsupported_media_type")
        headers = headers_for(running, operation, **{"Content-Type": "application/json"})
        answer = await running.client.request(
            method, filled(path), content=b" " * (1024 * 1024 + 1), headers=headers
        )
        assert_problem(answer, 413, "body_too_large")


async def test_a_providers_webhook_is_passed_on_as_it_came(running):
    path = "/v1/webhooks/payments/stripe"
    json = {"Content-Type": "application/json"}
    for body in (b"", b"{", b'{"a": NaN}'):
        answer = await running.client.post(path, content=body, headers=json)
        assert_problem(answer, 400, "malformed_json")
    for content in (b'{"id": "' + b"x" * 256 * 1024 + b'"}', b" " * (256 * 1024 + 1)):
        answer = await running.client.post(path, content=content, headers=json)
        assert_problem(answer, 413, "body_too_large")
    long = await running.client.post(f"{path}?a={'x' * 1100}", content=b"{}", headers=json)
    assert_problem(long, 400, "malformed_webhook")
    twice = [("Content-Type", "application/json")]
    twice += [("Stripe-Signature", "t=1"), ("Stripe-Signature", "t=2")]
    answer = await running.client.post(path, content=b"{}", headers=twice)
    assert_problem(answer, 400, "invalid_header")
    elsewhere = await running.client.post("/v1/webhooks/payments/nobody", json={})
    assert_problem(elsewhere, 404, "not_found")
    assert not [c for c in running.services.calls if c.method == "ReceiveProviderWebhook"]
    body = b'{ "id" : "evt_1" }'
    sent = {**json, "Stripe-Signature": "t=1,v1=ab", "Cookie": "secret"}
    answer = await running.client.post(f"{path}?attempt=a", content=body, headers=sent)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    (call,) = [c for c in running.services.calls if c.method == "ReceiveProviderWebhook"]
    assert (call.request.provider, call.request.body, call.request.query) == (
        "stripe",
        body,
        "attempt=a",
    )
    assert dict(call.request.headers) == {"stripe-signature": "t=1,v1=ab"}


async def test_a_compressed_body_is_refused(running):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await running.client.post("/v1/carts", content=b"{}", headers=headers)
    assert_problem(answer, 415, "unsupported_media_type")


async def test_a_chunked_body_is_measured_while_it_comes(running):
    async def endless():
        for _ in range(40):
            yield b" " * 65536

    answer = await running.client.post(
        "/v1/carts", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "bad",
    ["nonsense", "%00", "%ff", "%", "%zz", "a" * 300, "..%2f..", f"usr_{ID.upper()}", f"xxx_{ID}"],
)
async def test_every_operation_answers_404_to_ids_that_are_none(running, bad):
    """A name may be a slug, so names of the right form are asked for."""
    for method, path, operation in operations(await described(running)):
        parameters = re.findall(r"\{(\w+)\}", path)
        for parameter in parameters:
            if parameter == "id_or_slug" and bad in {"nonsense", f"usr_{ID.upper()}", "%ff"}:
                continue
            if parameter == "id_or_slug" and bad in {f"xxx_{ID}", "%", "%zz"}:
                continue
            if parameter == "provider" and "webhooks" not in path and bad == "nonsense":
                # Identity alone knows the providers.
                continue
            target = re.sub(
                r"\{(\w+)\}",
                lambda match, name=parameter: bad if match[1] == name else PATHS[match[1]],
                path,
            )
            headers = headers_for(running, operation)
            answer = await running.client.request(method, target, headers=headers)
            assert answer.status_code in (404, 400, 415), (method, target, answer.text)
            assert_problem(answer)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "invalid_parameter"),
        ("limit=101", 422, "invalid_parameter"),
        ("limit=1e3", 422, "invalid_parameter"),
        ("limit=", 422, "invalid_parameter"),
        (f"limit={'9' * 5000}", 422, "invalid_parameter"),
        ("min_price_minor=-1", 422, "invalid_parameter"),
        (f"max_price_minor={2**53}", 422, "invalid_parameter"),
        ("currency=kes", 422, "invalid_parameter"),
        ("currency=NOPE", 422, "invalid_parameter"),
        ("sort=random", 422, "invalid_parameter"),
        ("in_stock=maybe", 422, "invalid_parameter"),
        ("rating_min=nan", 422, "invalid_parameter"),
        ("rating_min=inf", 422, "invalid_parameter"),
        ("rating_min=6", 422, "invalid_parameter"),
        ("q=%00", 422, "invalid_parameter"),
        (f"q={'x' * 201}", 422, "invalid_parameter"),
        (f"cursor={'x' * 4000}", 400, "invalid_cursor"),
        ("cursor=%00", 400, "invalid_cursor"),
        ("cursor=%ff", 400, "invalid_cursor"),
    ],
)
async def test_a_bad_parameter_of_the_product_list_is_refused(running, query, status, code):
    problem = assert_problem(await running.client.get(f"/v1/products?{query}"), status, code)
    if status == 422:
        assert problem["errors"][0]["pointer"] == "/" + query.partition("=")[0]
    assert not running.services.got("ListProducts")


@pytest.mark.parametrize("query", ["q=%ff%fe", "q=a&q=b", "&&&=&", "unknown=1", "q=%F0%9F%98%80"])
async def test_an_odd_but_harmless_query_is_served(running, query):
    assert (await running.client.get(f"/v1/products?{query}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"items": [{"variant_id": f"var_{ID}", "quantity": 0}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": f"var_{ID}", "quantity": -1}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": f"var_{ID}", "quantity": 10_000}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": f"var_{ID}", "quantity": "1"}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": f"var_{ID}", "quantity": True}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": f"var_{ID}", "quantity": 1.0}]}, "/items/0/quantity"),
        ({"items": [{"variant_id": "var_1", "quantity": 1}]}, "/items/0/variant_id"),
        ({"items": [{"variant_id": f"prd_{ID}", "quantity": 1}]}, "/items/0/variant_id"),
        ({"items": [{"variant_id": f"var_{ID}"}]}, "/items/0/quantity"),
        ({"items": {}}, "/items"),
        ({"items": [None]}, "/items/0"),
        ({"currency": "XTS"}, "/currency"),
        ({"currency": "kes"}, "/currency"),
        ({"currency": 5}, "/currency"),
        ({"country": "Kenya"}, "/country"),
        ({"email": "not an address"}, "/email"),
        ({"email": "a@b"}, "/email"),
        ({"email": "a\n@b.example"}, "/email"),
        ({"shipping_address": {"name": "x"}}, "/shipping_address/line1"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
async def test_a_bad_member_is_named_by_its_pointer(running, body, pointer):
    problem = assert_problem(await running.client.post("/v1/carts", json=body), 422)
    assert pointer in [each["pointer"] for each in problem["errors"]]
    assert not running.services.got("CreateCart")


@pytest.mark.parametrize("amount", [-1, 2**53, 10**30, 1.5, "1", True, None])
async def test_amounts_are_whole_and_bounded(running, amount):
    body = {
        "payment_method": {"type": "sandbox"},
        "expected_total": {"amount_minor": amount, "currency": "KES"},
    }
    answer = await running.client.post(
        f"/v1/carts/cart_{ID}/checkout",
        content=orjson.dumps(body)
        if amount != 10**30
        else orjson.dumps(body | {"expected_total": None}).replace(
            b'"expected_total":null',
            b'"expected_total":{"amount_minor":' + b"1" + b"0" * 30 + b',"currency":"KES"}',
        ),
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["pointer"] == "/expected_total/amount_minor"


@pytest.mark.parametrize("key", ["", '"', '"a', "x" * 256, "a\tb", "caf\u00e9", '"\\x"'])
async def test_a_malformed_idempotency_key_is_refused(running, key):
    answer = await running.client.post(
        "/v1/carts", json={}, headers={"Idempotency-Key": key.encode("latin-1")}
    )
    assert_problem(answer, 400, "invalid_header")


async def test_a_header_that_is_sent_twice_is_refused(running):
    answer = await running.client.post(
        "/v1/carts", json={}, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )
    assert_problem(answer, 400, "invalid_header")


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        (None, 428, "if_match_required"),
        ("", 428, "if_match_required"),
        ("3", 400, "invalid_header"),
        ('"3', 400, "invalid_header"),
        ('W/"3"', 412, "stale_version"),
        ('"other"', 412, "stale_version"),
        (f'"{"9" * 30}"', 412, "stale_version"),
    ],
)
async def test_an_update_needs_a_version(running, tag, status, code):
    headers = running.issuer.bearer("operator", "admin")
    if tag is not None:
        headers["If-Match"] = tag
    answer = await running.client.patch(
        f"/v1/products/prd_{ID}", json={"title": "New"}, headers=headers
    )
    assert_problem(answer, status, code)
    assert not running.services.got("UpdateProduct")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/products", "GET"),
        ("PUT", f"/v1/carts/cart_{ID}/items/item_{ID}", "DELETE, PATCH"),
        ("POST", "/livez", "GET"),
    ],
)
async def test_a_method_that_is_not_served_is_405_with_those_that_are(
    running, method, path, allowed
):
    answer = await running.client.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    ["/v1/nowhere", "/v1/products/", "/v2/products", "/v1/promotions",
     "/v1/orders/x/nothing", "/static/none.js", "/static/%2e%2e/app.py", "/v1/%00", "/%ff"],
)  # fmt: skip
async def test_what_is_not_served_is_404(running, path):
    assert_problem(await running.client.get(path), 404, "not_found")


async def test_protected_operations_refuse_guests_before_they_look_at_the_body(running):
    document = await described(running)
    checked = 0
    for method, path, operation in operations(document):
        security = operation.get("security", [])
        if security != [{"bearer": []}]:
            continue
        checked += 1
        answer = await running.client.request(method, filled(path), content=b"{")
        assert_problem(answer, 401, "authentication_required")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        answer = await running.client.request(
            method, filled(path), headers={"X-API-Key": "soko_key"}
        )
        assert_problem(answer, 401, "invalid_api_key")
        answer = await running.client.request(
            method, filled(path), headers={"Authorization": "Bearer a.b.c"}
        )
        assert_problem(answer, 401, "invalid_token")
    assert checked > 20


async def test_every_operation_answers_when_services_answer_emptily(running):
    """Rendering must bear messages with nothing in them: a newer or older service may send such."""
    for method, path, operation in operations(await described(running)):
        if "requestBody" in operation:
            continue
        if path == "/.well-known/jwks.json":
            continue
        headers = headers_for(running, operation)
        answer = await running.client.request(method, filled(path), headers=headers)
        assert answer.status_code < 300, (method, path, answer.text)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /v1/products HTTP/1.1\r\nHost: x\r\nX-Request-ID: \xff\xfe\r\n",
        b"GET /v1/products?q=\xff HTTP/1.1\r\nHost: x\r\n",
        b"GET /v1/products/\xff HTTP/1.1\r\nHost: x\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff.\xff.\xff\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer e30.e30.e30\r\n",
        b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer bnVsbA.e30.e30\r\n",
        b"GET /v1/products HTTP/1.1\r\nHost: x\r\ntraceparent: 00-zz-\xff-01\r\n",
        b"GET /v1/products HTTP/1.1\r\nHost: x\r\nIf-None-Match: \xff\r\n",
        b"POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-Cart-Token: \xff\r\n",
        b"POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: \xff\r\n\r\n{}",
        b"POST /v1/auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n",
    ],
)
async def test_raw_bytes_on_the_wire_never_make_a_500(running, raw):
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    end = b"" if b"\r\n\r\n" in raw else b"\r\n"
    writer.write(raw.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n") + end)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert not answer.startswith(b"HTTP/1.1 5"), answer
