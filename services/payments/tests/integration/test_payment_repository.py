"""One suite for every payment repository: what memory promises PostgreSQL keeps."""

import asyncio
from datetime import timedelta

import pytest

from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, OTHER_SELLER, make_payment, make_split

AUTHORIZED = ProviderState("authorized")
CAPTURED = ProviderState("captured")


@pytest.fixture(params=["memory", "postgres"])
def payments(request):
    return request.getfixturevalue("memory" if request.param == "memory" else "postgres_payments")


async def opened(payments, *splits):
    payment = make_payment(*splits)
    assert await payments.open(payment)
    return payment


async def captured(payments, *splits):
    payment = await opened(payments, *splits)
    payment.learn(AUTHORIZED, NOW)
    payment.learn(CAPTURED, NOW)
    assert await payments.save([payment], NOW) == {payment.id}
    return payment


async def test_a_payment_comes_back_as_it_was_opened(payments):
    payment = await opened(
        payments,
        make_split("item_a", goods_minor=700, tax_minor=3),
        make_split("item_b", OTHER_SELLER, discount_minor=1, discount_funder="platform"),
    )
    assert await payments.get(payment.id) == payment
    assert await payments.find_by_order(payment.order_id) == payment
    assert await payments.get(new_id()) is None
    assert await payments.find_by_order(new_id()) is None


async def test_an_order_has_one_payment_however_many_try(payments):
    order_id = new_id()
    results = await asyncio.gather(
        *(payments.open(make_payment(order_id=order_id)) for _ in range(50))
    )
    assert sorted(results) == [False] * 49 + [True]


async def test_a_saved_payment_has_all_that_happened(payments):
    payment = await captured(payments)
    refund, failing = new_id(), new_id()

    def start(current):
        current.request_refund(refund, "broken", NOW, items={"item_a": 1})

    payment, _ = await payments.change(payment.id, start, NOW)
    payment, _ = await payments.change(payment.id, lambda c: c.settle_refund(refund), NOW)
    loaded = await payments.get(payment.id)
    assert loaded == payment
    assert (loaded.status, loaded.version) == ("refunded", 3)
    assert [each.status for each in loaded.refunds] == ["succeeded"]
    assert loaded.attempt.status == "captured"
    assert failing not in [each.id for each in loaded.refunds]


async def test_a_payment_that_somebody_changed_is_not_saved(payments):
    mine = await opened(payments)
    theirs = await payments.get(mine.id)
    theirs.learn(ProviderState("declined", "insufficient_funds"), NOW)
    mine.learn(AUTHORIZED, NOW)
    assert await payments.save([theirs], NOW) == {mine.id}
    assert await payments.save([mine], NOW) == set()
    loaded = await payments.get(mine.id)
    assert (loaded.status, loaded.failure) == ("failed", "insufficient_funds")


async def test_two_saves_of_one_payment_at_once_are_one(payments):
    payment = await opened(payments)
    copies = [await payments.get(payment.id) for _ in range(20)]
    for copy in copies:
        copy.learn(AUTHORIZED, NOW)
    results = await asyncio.gather(*(payments.save([copy], NOW) for copy in copies))
    assert sum(len(saved) for saved in results) == 1


async def test_many_payments_are_saved_together_without_those_that_changed(payments):
    batch = [await opened(payments) for _ in range(10)]
    await payments.close(batch[3].order_id, "expired", NOW)
    for payment in batch:
        payment.learn(AUTHORIZED, NOW)
    saved = await payments.save(batch, NOW)
    assert saved == {payment.id for payment in batch} - {batch[3].id}


async def test_changes_under_the_lock_come_one_after_another(payments):
    payment = await captured(payments, make_split(goods_minor=1000))

    async def refund():
        def act(current):
            current.request_refund(new_id(), "", NOW, amount=(300, "KES"))

        await payments.change(payment.id, act, NOW)

    results = await asyncio.gather(*(refund() for _ in range(8)), return_exceptions=True)
    assert [type(each).__name__ for each in results if each].count("RefundExceedsCaptured") == 5
    assert (await payments.get(payment.id)).refunding_minor == 900


async def test_a_change_that_raises_leaves_nothing(payments):
    payment = await opened(payments)

    def act(current):
        current.learn(AUTHORIZED, NOW)
        raise RuntimeError("on the way")

    with pytest.raises(RuntimeError):
        await payments.change(payment.id, act, NOW)
    assert (await payments.get(payment.id)).status == "none"
    with pytest.raises(ServiceError):
        await payments.change(new_id(), lambda _: None, NOW)


async def test_a_payment_is_not_there_for_sellers_without_a_part_in_it(payments):
    payment = await captured(payments, make_split("item_a"), make_split("item_b", OTHER_SELLER))

    def act(current):
        current.request_refund(new_id(), "", NOW, amount=(100, "KES"), sellers={OTHER_SELLER})

    a_stranger = format_id("sel", new_id())
    for sellers in ((), {a_stranger}):
        with pytest.raises(ServiceError, match="no such thing"):
            await payments.change(payment.id, act, NOW, sellers)
    assert (await payments.get(payment.id)).refunding_minor == 0
    await payments.change(payment.id, act, NOW, {a_stranger, OTHER_SELLER})
    assert (await payments.get(payment.id)).refunding_minor == 100


async def test_closing_without_a_payment_leaves_a_tombstone(payments):
    order_id = new_id()
    first = await payments.close(order_id, "sold out", NOW)
    again = await payments.close(order_id, "sold out", NOW + timedelta(hours=1))
    assert first.is_tombstone
    assert (first.id, again.id, again.closed_at) == (first.id, first.id, NOW)
    assert not await payments.open(make_payment(order_id=order_id))


async def test_closing_a_payment_is_a_change_and_happens_once(payments):
    payment = await opened(payments)
    first = await payments.close(payment.order_id, "expired", NOW)
    again = await payments.close(payment.order_id, "expired", NOW + timedelta(hours=1))
    assert (first.version, again.version) == (1, 1)
    assert again.closed_at == NOW
    assert not again.is_tombstone


async def test_captures_begin_with_the_payments_of_all_orders(payments):
    ready, pending = await opened(payments), await opened(payments)
    ready.learn(AUTHORIZED, NOW)
    await payments.save([ready], NOW)
    check_at = NOW + timedelta(seconds=30)
    found = await payments.begin_captures([ready.order_id, pending.order_id, new_id()], check_at)
    assert {each.id: each.status for each in found} == {
        ready.id: "authorized",
        pending.id: "none",
    }
    assert ready.id not in await payments.claim_due(check_at - timedelta(seconds=1), 10_000)
    assert ready.id in await payments.claim_due(check_at, 10_000)


async def test_what_is_due_is_claimed_once_and_comes_again_later(payments):
    payment = await opened(payments)
    late = NOW + timedelta(days=1)
    claims = await asyncio.gather(*(payments.claim_due(late, 10_000) for _ in range(3)))
    assert sum(payment.id in claim for claim in claims) == 1
    assert payment.id not in await payments.claim_due(late + timedelta(seconds=4), 10_000)
    assert payment.id in await payments.claim_due(late + timedelta(seconds=6), 10_000)
    assert (await payments.get(payment.id)).checks == 2
    payment = await payments.get(payment.id)
    payment.learn(AUTHORIZED, late)
    await payments.save([payment], late)
    assert payment.id not in await payments.claim_due(late + timedelta(days=9), 10_000)
