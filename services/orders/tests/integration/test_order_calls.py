"""Reading and cancelling orders end to end over gRPC."""

from __future__ import annotations

from devstack.testing import eventually
from services.orders.tests.builders import an_id
from services.orders.tests.integration.conftest import World, refusal
from soko.common.v1.page_pb2 import PageRequest
from soko.orders.v1 import order_pb2


async def bought(world: World, *, by: str = "", pay: str = "tok_success", **variant):
    if by:
        world.accounts.emails[by] = "a@soko.example"
    cart = await world.new_cart((world.sold(**variant), 1), by=by)
    return (await world.checkout(cart, by=by, pay=pay)).order


async def cancel(world: World, order, *, by: str = "", key: str = "", reason: str = "too_late"):
    request = order_pb2.CancelOrderRequest(order_id=order.id, token=order.token, reason=reason)
    return (await world.call(world.orders.CancelOrder, request, by=by, key=key)).order


async def test_an_order_is_read_by_those_who_may(world: World) -> None:
    account = an_id("usr")
    own, guests = await bought(world, by=account), await bought(world)
    assert (await world.order(own, by=account)).id == own.id
    assert (await world.order(guests)).id == guests.id
    for staff in (f"{an_id('usr')} operator", f"{an_id('usr')} admin"):
        assert (await world.order(own, by=staff)).id == own.id
    nobody = order_pb2.Order(id=own.id)
    assert (await refusal(world.order(nobody))).kind == "unauthenticated"
    assert (await refusal(world.order(own, by=an_id("usr")))).kind == "not_found"
    other = order_pb2.Order(id=own.id, token=guests.token)
    assert (await refusal(world.order(other))).kind == "not_found"
    request = order_pb2.GetOrderRequest(order_id=own.id)
    answer = await world.call(world.orders.GetOrder, request, service="notifications")
    assert (answer.order.id, answer.order.token) == (own.id, "")


async def test_the_account_s_orders_are_paged(world: World) -> None:
    account = an_id("usr")
    made = [(await bought(world, by=account)).id for _ in range(5)]
    found, cursor = [], ""
    while True:
        request = order_pb2.ListOrdersRequest(page=PageRequest(limit=2, cursor=cursor))
        page = await world.call(world.orders.ListOrders, request, by=account)
        found += [order.id for order in page.orders]
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == sorted(made, reverse=True)
    foreign = order_pb2.ListOrdersRequest(page=PageRequest(cursor="AAAA"))
    assert (await refusal(world.call(world.orders.ListOrders, foreign, by=account))).code == (
        "invalid_cursor"
    )
    guest = world.call(world.orders.ListOrders, order_pb2.ListOrdersRequest())
    assert (await refusal(guest)).kind == "unauthenticated"


async def test_a_seller_sees_its_own_lines_of_confirmed_orders(world: World) -> None:
    own, other = an_id("sel"), an_id("sel")
    mine, theirs = world.sold(seller_id=own), world.sold(seller_id=other)
    cart = await world.new_cart((mine, 1), (theirs, 2))
    order = (await world.checkout(cart)).order
    await bought(world, pay="tok_async", seller_id=own)
    member = f"{an_id('usr')} buyer {own}=viewer"
    request = order_pb2.ListSellerOrdersRequest(seller=own)
    page = await world.call(world.orders.ListSellerOrders, request, by=member)
    [seen] = page.orders
    assert (seen.id, seen.status) == (order.id, "confirmed")
    assert [item.variant_id for item in seen.items] == [mine]
    assert [part.seller_id for part in seen.seller_orders] == [own]
    assert seen.totals.total.amount_minor == 129_900
    assert (seen.email, seen.account_id, seen.payment_id) == ("", "", "")
    assert seen.shipping_address.city == "Nairobi"


async def test_a_member_of_a_moment_ago_is_asked_for(world: World) -> None:
    account, seller = an_id("usr"), an_id("sel")
    request = order_pb2.ListSellerOrdersRequest(seller=seller)
    stranger = world.call(world.orders.ListSellerOrders, request, by=an_id("usr"))
    assert (await refusal(stranger)).kind == "forbidden"
    world.accounts.roles[seller, account] = "viewer"
    page = await world.call(world.orders.ListSellerOrders, request, by=account)
    assert list(page.orders) == []
    guest = world.call(world.orders.ListSellerOrders, request)
    assert (await refusal(guest)).kind == "unauthenticated"


async def test_a_confirmed_order_is_cancelled_and_given_back(world: World) -> None:
    variant = world.sold(available=1)
    order = (await world.checkout(await world.new_cart((variant, 1)))).order

    async def settled() -> bool:
        return await world.step(order) == "done"

    await eventually(settled)
    cancelled = await cancel(world, order)
    assert (cancelled.status, cancelled.cancel_reason) == ("cancelled", "too_late")
    assert {part.status for part in cancelled.seller_orders} == {"cancelled"}

    async def given_back() -> bool:
        return await world.step(order) == "cancelled"

    await eventually(given_back)
    assert world.catalog.available(variant) == 1
    assert world.payments.status[order.id] == "refunded"
    error = await refusal(cancel(world, order))
    assert (error.kind, error.code) == ("conflict", "order_not_cancellable")


async def test_a_cancelled_awaited_payment_opens_the_cart(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    order = (await world.checkout(cart, pay="tok_async")).order
    await cancel(world, order)

    async def reopened() -> bool:
        return (await world.cart(cart)).status == "open"

    await eventually(reopened)
    assert (await world.checkout(cart)).order.status == "confirmed"


async def test_a_cancellation_is_answered_again_under_its_key(world: World) -> None:
    order, key = await bought(world), an_id("k")
    first = await cancel(world, order, key=key)
    assert await cancel(world, order, key=key) == first
    stored = await world.db.fetch_one(
        "SELECT state FROM idempotency_key WHERE key = %(key)s", {"key": key}
    )
    assert stored["state"] == "succeeded"


async def test_others_cannot_cancel(world: World) -> None:
    order = await bought(world, by=an_id("usr"))
    assert (await refusal(cancel(world, order, by=an_id("usr")))).kind == "not_found"
    assert (await refusal(cancel(world, order))).kind == "unauthenticated"
    operator = f"{an_id('usr')} operator"
    assert (await cancel(world, order, by=operator)).status == "cancelled"
