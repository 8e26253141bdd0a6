"""Public reads come from memory, and never stale for longer than a moment."""

import asyncio
import gzip

import pytest

from chassis.errors import not_found
from chassis.ids import format_id, new_id
from devstack.testing import eventually
from soko.catalog.v1 import catalog_pb2
from soko.common.v1.money_pb2 import Money
from soko.events.v1 import catalog_pb2 as events

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCT = format_id("prd", new_id())
OTHER = format_id("prd", new_id())


def product(price=100, product_id=PRODUCT, version=1):
    return catalog_pb2.Product(
        id=product_id,
        slug="shirt",
        title="Shirt " * 300,
        status="active",
        version=version,
        variants=[catalog_pb2.Variant(id="var", price=Money(amount_minor=price, currency="KES"))],
    )


def serve_product(services, price=100, **kwargs):
    services.answers["GetProduct"] = lambda _request, _metadata: catalog_pb2.GetProductResponse(
        product=product(price, **kwargs)
    )


def serve_list(services, price=100):
    services.answers["ListProducts"] = lambda _request, _metadata: catalog_pb2.ListProductsResponse(
        items=[
            catalog_pb2.ProductSummary(
                id=PRODUCT, price_from=Money(amount_minor=price, currency="KES")
            )
        ]
    )


async def price(running):
    answer = await running.client.get("/v1/products/shirt")
    return answer.json()["variants"][0]["price"]["amount_minor"]


async def list_price(running):
    answer = await running.client.get("/v1/products")
    return answer.json()["items"][0]["price_from"]["amount_minor"]


async def test_a_second_read_does_not_ask_the_service(running):
    serve_product(running.services)
    first = await running.client.get("/v1/products/shirt")
    second = await running.client.get("/v1/products/shirt", headers={"X-Request-ID": "mine"})
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    assert second.headers["X-Request-ID"] == "mine"
    assert len(running.services.got("GetProduct")) == 1


async def test_the_query_is_normalised(running):
    serve_list(running.services)
    for query in (
        "q=a&sort=price",
        "sort=price&q=a",
        "q=a&sort=price&utm_source=x",
        "q=%61&sort=price",
    ):
        assert (await running.client.get(f"/v1/products?{query}")).status_code == 200
    assert len(running.services.got("ListProducts")) == 1
    assert (await running.client.get("/v1/products?q=b&sort=price")).status_code == 200
    assert len(running.services.got("ListProducts")) == 2


async def test_a_client_that_has_the_answer_gets_304(running):
    serve_product(running.services)
    first = await running.client.get("/v1/products/shirt")
    etag = first.headers["ETag"]
    assert etag.startswith('"1-')
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await running.client.get(
            "/v1/products/shirt", headers={"If-None-Match": condition}
        )
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    changed = await running.client.get("/v1/products/shirt", headers={"If-None-Match": '"x"'})
    assert changed.status_code == 200
    running.gateway.reads.cache.forget_all()
    cold = await running.client.get("/v1/products/shirt", headers={"If-None-Match": etag})
    assert cold.status_code == 304
    assert (await running.client.get("/v1/products/shirt")).status_code == 200
    bypassed = await running.client.get(
        "/v1/products/shirt", headers={"If-None-Match": etag, "Cache-Control": "no-cache"}
    )
    assert bypassed.status_code == 304


async def test_a_compressed_variant_is_kept(running):
    serve_product(running.services)
    plain = await running.client.get("/v1/products/shirt", headers={"Accept-Encoding": "identity"})
    async with running.client.stream(
        "GET", "/v1/products/shirt", headers={"Accept-Encoding": "gzip"}
    ) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"] == plain.headers["ETag"][:-1] + '-gz"'
        assert int(answer.headers["Content-Length"]) == len(raw)
    assert gzip.decompress(raw) == plain.content
    assert "Content-Encoding" not in plain.headers
    again = await running.client.get(
        "/v1/products/shirt", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


async def test_no_cache_asks_the_service(running):
    serve_product(running.services)
    for _ in range(3):
        await running.client.get("/v1/products/shirt", headers={"Cache-Control": "no-cache"})
    assert len(running.services.got("GetProduct")) == 3


async def test_many_readers_share_one_flight(running):
    gate = asyncio.Event()

    async def slow(_request, _metadata):
        await gate.wait()
        return catalog_pb2.GetProductResponse(product=product())

    running.services.answers["GetProduct"] = slow
    reads = [asyncio.create_task(running.client.get("/v1/products/shirt")) for _ in range(20)]
    await eventually(lambda: running.services.got("GetProduct"))
    gate.set()
    answers = await asyncio.gather(*reads)
    assert {answer.status_code for answer in answers} == {200}
    assert len(running.services.got("GetProduct")) == 1
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 20


async def test_errors_are_not_kept(running):
    def refuse(_request, _metadata):
        raise not_found()

    running.services.answers["GetProduct"] = refuse
    assert (await running.client.get("/v1/products/shirt")).status_code == 404
    serve_product(running.services)
    assert (await running.client.get("/v1/products/shirt")).status_code == 200


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("product_updated", events.ProductUpdated),
        ("product_published", events.ProductPublished),
        ("product_archived", events.ProductArchived),
    ],
)
async def test_an_event_of_a_product_shows_at_once(running, publish, name, event):
    serve_product(running.services, 100)
    serve_list(running.services, 100)
    assert (await price(running), await list_price(running)) == (100, 100)
    serve_product(running.services, 200)
    serve_list(running.services, 200)
    assert (await price(running), await list_price(running)) == (100, 100)
    message = event(product=events.ProductState(product_id=PRODUCT))
    await publish("catalog", name, message)

    async def new_price_shows():
        return (await price(running), await list_price(running)) == (200, 200)

    await eventually(new_price_shows, timeout_s=1)


async def test_an_event_of_another_product_keeps_this_one(running, publish):
    serve_product(running.services, 100)
    serve_list(running.services, 100)
    await price(running)
    await list_price(running)
    serve_list(running.services, 200)
    message = events.ProductUpdated(product=events.ProductState(product_id=OTHER))
    await publish("catalog", "product_updated", message)

    async def list_is_new():
        return await list_price(running) == 200

    await eventually(list_is_new, timeout_s=1)
    await price(running)
    assert len(running.services.got("GetProduct")) == 1


async def test_changed_stock_shows_within_a_second(running, publish):
    serve_product(running.services, 100)
    serve_list(running.services, 100)
    await price(running)
    await list_price(running)
    serve_product(running.services, 200)
    serve_list(running.services, 200)
    message = events.StockChanged(variant_id="var", product_id=PRODUCT, available=3)
    for _ in range(3):
        await publish("catalog", "stock_changed", message)

    async def both_are_new():
        return (await price(running), await list_price(running)) == (200, 200)

    await eventually(both_are_new, timeout_s=1)


async def test_an_answer_that_a_change_overtook_is_not_kept(running, publish):
    asked, gate = asyncio.Event(), asyncio.Event()

    async def slow(_request, _metadata):
        asked.set()
        await gate.wait()
        return catalog_pb2.GetProductResponse(product=product(100))

    running.services.answers["GetProduct"] = slow
    early = asyncio.create_task(price(running))
    await asked.wait()
    before = running.gateway.reads.cache.now()
    message = events.ProductUpdated(product=events.ProductState(product_id=PRODUCT))
    await publish("catalog", "product_updated", message)
    await eventually(lambda: running.gateway.reads.cache.now() > before)
    serve_product(running.services, 200)
    assert await price(running) == 200
    gate.set()
    assert await early == 100
    assert await price(running) == 200


async def test_a_write_through_the_gateway_shows_at_once(running, make_id):
    serve_product(running.services, 100)
    assert await price(running) == 100
    serve_product(running.services, 200)
    running.services.answers["UpdateProduct"] = lambda _request, _metadata: (
        catalog_pb2.UpdateProductResponse(product=product(200, version=2))
    )
    answer = await running.client.patch(
        f"/v1/products/{PRODUCT}",
        json={"title": "New"},
        headers={**running.issuer.bearer(), "If-Match": '"1-abcdef"'},
    )
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert running.services.got("UpdateProduct")[0].request.expected_version == 1
    assert await price(running) == 200


async def test_a_draft_is_shown_to_its_seller_and_kept_for_nobody(running):
    def only_with_a_token(_request, metadata):
        if "authorization" not in metadata:
            raise not_found()
        return catalog_pb2.GetProductResponse(product=product())

    running.services.answers["GetProduct"] = only_with_a_token
    headers = running.issuer.bearer()
    seen = await running.client.get("/v1/products/shirt", headers=headers)
    assert seen.status_code == 200
    assert seen.headers["Cache-Control"] == "private, no-store"
    assert (await running.client.get("/v1/products/shirt")).status_code == 404
    bad = await running.client.get("/v1/products/shirt", headers={"Authorization": "Bearer x.y.z"})
    assert bad.status_code == 401


async def test_credentials_of_a_public_read_do_not_reach_the_service(running):
    serve_product(running.services)
    await running.client.get("/v1/products/shirt", headers=running.issuer.bearer())
    (call,) = running.services.got("GetProduct")
    assert "authorization" not in call.metadata
    assert call.metadata["soko-service"] == "gateway"


async def test_the_category_tree_is_kept_until_a_category_is_written(running):
    answers = running.services.answers
    answers["ListCategories"] = lambda _request, _metadata: catalog_pb2.ListCategoriesResponse(
        categories=[catalog_pb2.Category(id="c", name="Clothes", slug="clothes")]
    )
    for _ in range(2):
        tree = (await running.client.get("/v1/categories")).json()
        assert tree == {
            "items": [{"id": "c", "name": "Clothes", "slug": "clothes", "children": []}]
        }
    assert len(running.services.got("ListCategories")) == 1
    await running.client.post(
        "/v1/categories", json={"name": "Shoes"}, headers=running.issuer.bearer("admin")
    )
    await running.client.get("/v1/categories")
    assert len(running.services.got("ListCategories")) == 2


async def test_a_write_through_another_gateway_shows_at_once(
    running, services, start_gateway, make_settings, nats_url
):
    serve_product(services, 100)
    assert await price(running) == 100
    services.answers["ArchiveProduct"] = lambda _request, _metadata: (
        catalog_pb2.ArchiveProductResponse()
    )
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        await eventually(listens(other))
        serve_product(services, 200)
        answer = await other.client.delete(
            f"/v1/products/{PRODUCT}", headers=running.issuer.bearer()
        )
        assert answer.status_code == 204

        async def new_price_shows():
            return await price(running) == 200

        await eventually(new_price_shows, timeout_s=1)


def listens(gateway):
    return lambda: gateway.gateway.application.state.freshness.listening
