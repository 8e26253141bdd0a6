"""One request is one trace, from HTTP to the mail; logs and problems carry its id."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx

from devstack.testing import eventually
from tests.e2e.collector import Collector, Span
from tests.e2e.marketplace import SUCCESS, Json, Marketplace, Product, unique
from tests.e2e.stack import Stack

CALLER = "b7ad6b7169203331"
"""The span of the client that asks."""
CHECKOUT = "soko.orders.v1.CheckoutService/Checkout"
RESERVE = "soko.catalog.v1.InventoryService/Reserve"
AUTHORIZE = "soko.payments.v1.PaymentService/Authorize"
READ = "soko.orders.v1.OrderService/GetOrder"
WAY = [
    # From the client over the gateway to orders.
    ("gateway", "server", "POST /v1/carts/{cart_id}/checkout"),
    ("gateway", "client", CHECKOUT),
    ("orders", "server", CHECKOUT),
    # Out of the outbox, over the broker, to the mail and its server.
    ("orders", "producer", "order_confirmed publish"),
    ("notifications", "consumer", "order_confirmed process"),
    ("notifications", "internal", "mail order_confirmed"),
    ("notifications", "client", "smtp send"),
]
BRANCHES = [
    [("orders", "server", CHECKOUT), ("orders", "client", RESERVE), ("catalog", "server", RESERVE)],
    [("orders", "server", CHECKOUT), ("orders", "client", AUTHORIZE),
     ("payments", "server", AUTHORIZE), ("payments", "client", "POST")],
    [("notifications", "internal", "mail order_confirmed"), ("notifications", "client", READ),
     ("orders", "server", READ)],
]  # fmt: skip


def a_trace() -> tuple[str, dict[str, str]]:
    """Return a new trace's id and the header of a client that wants it recorded."""
    trace_id = uuid.uuid4().hex
    return trace_id, {"traceparent": f"00-{trace_id}-{CALLER}-01"}


def edges(spans: list[Span]) -> set[tuple[tuple[str, str, str], tuple[str, str, str]]]:
    """Return the pairs of parent and child, by what they are."""
    by_id = {span.span_id: span for span in spans}
    return {(by_id[span.parent_id].what, span.what) for span in spans if span.parent_id in by_id}


def steps(*ways: list[tuple[str, str, str]]) -> Iterator[tuple[object, object]]:
    for way in ways:
        yield from itertools.pairwise(way)


async def buy_traced(market: Marketplace, product: Product, headers: dict[str, str]) -> Json:
    cart = await market.cart((product.variant_id, 1), email=f"{unique('traced')}@test.example")
    answer = await market.client.post(
        f"/v1/carts/{cart['id']}/checkout",
        json={"payment_method": SUCCESS},
        headers={"X-Cart-Token": cart["token"], "Idempotency-Key": uuid.uuid4().hex, **headers},
    )
    assert answer.status_code == 201, answer.text
    order: Json = answer.json()
    return order


async def test_a_purchase_is_one_trace_from_http_to_the_mail(
    market: Marketplace, product: Product, collector: Collector
) -> None:
    trace_id, headers = a_trace()
    await buy_traced(market, product, headers)
    wanted = set(steps(WAY, *BRANCHES))

    def missing() -> set[object]:
        return wanted - edges(collector.trace(trace_id))

    await eventually(lambda: not missing(), timeout_s=60)
    spans = collector.trace(trace_id)
    known = {span.span_id for span in spans}
    (root,) = [span for span in spans if span.parent_id not in known]
    assert (root.what, root.parent_id) == (WAY[0], CALLER)
    assert root.attributes["http.response.status_code"] == "201"
    assert not [span.what for span in spans if span.failed]
    statements = [span for span in spans if span.name.startswith("sql ")]
    assert {"orders", "catalog", "payments", "notifications"} <= {s.service for s in statements}
    assert all("db.query.text" in span.attributes for span in statements)


async def test_a_request_s_lines_in_the_logs_of_all_services_have_its_trace_id(
    market: Marketplace, product: Product, stack: Stack
) -> None:
    trace_id, headers = a_trace()
    await buy_traced(market, product, headers)

    def told() -> dict[str, set[str]]:
        return {
            name: {str(line.get("span") or line["event"]) for line in lines(stack.home, name)
                   if line.get("trace_id") == trace_id}
            for name in wanted
        }  # fmt: skip

    wanted = {
        "gateway": {"request", "POST /v1/carts/{cart_id}/checkout"},
        "orders": {CHECKOUT, "order_confirmed publish"},
        "payments": {AUTHORIZE},
        "notifications": {"order_confirmed process", "mail order_confirmed"},
    }
    await eventually(lambda: all(wanted[name] <= told()[name] for name in wanted), timeout_s=60)

    shown = (await asyncio.to_thread(stack.run, "logs", "--trace", trace_id)).splitlines()
    assert len(shown) > 6
    assert all(trace_id in line for line in shown)
    times = [json.loads(line.partition("| ")[2])["time"] for line in shown]
    assert times == sorted(times)
    assert await asyncio.to_thread(stack.run, "logs", "--trace", uuid.uuid4().hex) == ""


def lines(home: Path, service: str) -> Iterator[Json]:
    for line in (home / "logs" / f"{service}.log").read_text(errors="replace").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


async def test_problem_log_and_trace_agree_on_the_id(
    market: Marketplace, stack: Stack, collector: Collector
) -> None:
    trace_id, headers = a_trace()
    order = "/v1/orders/ord_01h455vb4pex5vsknk084sn02q"
    answer = await market.client.get(order, headers=headers | {"X-Order-Token": "x" * 43})
    assert (answer.status_code, answer.json()["trace_id"]) == (404, trace_id)
    here = ("gateway", "server", "GET /v1/orders/{order_id}")
    there = ("orders", "server", READ)

    def arrived() -> bool:
        return {here, there} <= {span.what for span in collector.trace(trace_id)}

    await eventually(arrived, timeout_s=30)
    asked, refused = (
        next(span for span in collector.trace(trace_id) if span.what == what)
        for what in (here, there)
    )
    # The caller's mistake is no failure of ours.
    assert (asked.attributes["http.response.status_code"], asked.failed) == ("404", False)
    assert (refused.attributes["error.type"], refused.failed) == ("not_found", False)
    (line,) = [
        line
        for line in lines(stack.home, "gateway")
        if line["event"] == "request" and line["trace_id"] == trace_id
    ]
    assert line["status"] == 404


async def test_what_fails_is_marked_in_its_spans(
    market: Marketplace, stack: Stack, collector: Collector
) -> None:
    trace_id, headers = a_trace()
    with stack.frozen("payments"):
        answer: httpx.Response = await market.client.get("/v1/payment-methods", headers=headers)
    assert answer.status_code in {503, 504}, answer.text
    assert answer.json()["trace_id"] == trace_id

    def failed() -> dict[str, str]:
        return {
            span.kind: span.attributes.get("error.type", "")
            for span in collector.trace(trace_id)
            if span.failed and span.service == "gateway"
        }

    await eventually(lambda: set(failed()) == {"server", "client"}, timeout_s=30)
    assert failed()["client"] in {"service_timeout", "service_unavailable"}
    await eventually(market.is_ready, timeout_s=30)
