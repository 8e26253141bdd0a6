"""Bad input gets the contract's problem document from the real services, and changes nothing."""

import pytest

from tests.e2e.marketplace import Account, Marketplace, Product

HUGE = 10**30
UNKNOWN_ORDER = "ord_01h455vb4pex5vsknk084sn02q"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"items": [', 400),
        ("[]", 422),
        ('"text"', 422),
        ('{"surprise": 1}', 422),
        ('{"currency": "ZZZ"}', 422),
        ('{"currency": 5}', 422),
        ('{"country": "Kenya"}', 422),
        ('{"email": "not an address"}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": 0}]}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": -1}]}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": 10000}]}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": 1e400}]}', 400),
        ('{"items": [{"variant_id": "VARIANT", "quantity": NaN}]}', 400),
        ('{"items": [{"variant_id": "VARIANT", "quantity": "1"}]}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": true}]}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": 1.5}]}', 422),
        (f'{{"items": [{{"variant_id": "VARIANT", "quantity": {HUGE}}}]}}', 422),
        ('{"items": [{"variant_id": "VARIANT", "quantity": 1, "price": 1}]}', 422),
        ('{"email": "nul\\u0000@test.example"}', 422),
        ('{"email": "half\\ud800@test.example"}', 400),
        ("\x00", 400),
    ],
)
async def test_a_cart_of_nonsense_is_refused(
    market: Marketplace, product: Product, body: str, status: int
) -> None:
    answer = await market.client.post(
        "/v1/carts",
        content=body.replace("VARIANT", product.variant_id).encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code", "trace_id"} <= set(problem)
    assert problem["status"] == answer.status_code


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/products?cursor=forged", 400, "invalid_cursor"),
        ("GET", "/v1/products?limit=0", 422, None),
        ("GET", "/v1/products?limit=101", 422, None),
        ("GET", "/v1/products?min_price_minor=-1", 422, None),
        ("GET", "/v1/products?currency=NOPE", 422, None),
        ("GET", "/v1/products?sort=random", 422, None),
        ("GET", "/v1/products/prd_nonsense", 404, "not_found"),
        ("GET", "/v1/products/%00", 404, "not_found"),
        ("GET", "/v1/products/%ff", 404, None),
        ("GET", f"/v1/orders/{UNKNOWN_ORDER}", 401, None),
        ("GET", "/v1/media/med_nonsense/thumb", 404, None),
        ("GET", "/v1/nowhere", 404, None),
        ("DELETE", "/v1/products", 405, None),
        ("POST", "/v1/auth/login", 415, None),
    ],
)
async def test_a_bad_path_or_query_is_refused(
    market: Marketplace, method: str, path: str, status: int, code: str | None
) -> None:
    headers = {"Content-Type": "text/plain"} if method == "POST" else {}
    content = b"{}" if method == "POST" else None
    answer = await market.client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    if code:
        assert answer.json()["code"] == code


async def test_headers_of_nonsense_are_refused(market: Marketplace, product: Product) -> None:
    cart = await market.cart((product.variant_id, 1))
    path = f"/v1/carts/{cart['id']}/checkout"
    body = {"payment_method": {"type": "sandbox", "token": "tok_success"}}
    token = {"X-Cart-Token": cart["token"]}
    missing = await market.client.post(path, json=body, headers=token)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")
    long = await market.client.post(
        path, json=body, headers={**token, "Idempotency-Key": "x" * 256}
    )
    assert (long.status_code, long.json()["code"]) == (400, "invalid_header")
    foreign = await market.client.post(
        path, json=body, headers={"X-Cart-Token": "wrong", "Idempotency-Key": "k"}
    )
    assert foreign.status_code == 404
    forged = await market.client.get("/v1/me", headers={"Authorization": "Bearer a.b.c"})
    assert (forged.status_code, forged.json()["code"]) == (401, "invalid_token")
    assert (await market.checkout(cart)).status_code == 201


async def test_a_huge_body_is_refused(market: Marketplace) -> None:
    answer = await market.client.post("/v1/carts", json={"email": "x" * 3_000_000})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_writes_need_the_version_that_was_read(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    path = f"/v1/products/{product.id}"
    missing = await market.client.patch(path, json={"title": "New"}, headers=owner.headers)
    assert missing.status_code == 428
    stale = await market.client.patch(
        path, json={"title": "New"}, headers={**owner.headers, "If-Match": '"999"'}
    )
    assert stale.status_code == 412
    stranger = await market.register()
    foreign = await market.client.patch(
        path, json={"title": "Mine now"}, headers={**stranger.headers, "If-Match": "*"}
    )
    assert foreign.status_code in {403, 404}
    assert (await market.client.get(path)).json()["title"] != "Mine now"
