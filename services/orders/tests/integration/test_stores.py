"""What the stores promise, on memory and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from orders.app.ports import Placed
from orders.app.reader import EVERYTHING, Reader
from orders.domain import checkout as moves
from orders.domain.cart import OPEN
from orders.domain.checkout import Checkout, Transition
from orders.domain.outcomes import Declined, Paid, PaymentPending, Refused, Reserved
from orders.domain.saga import AUTHORIZING, CANCELLED, DONE, SETTLING
from services.orders.tests.builders import (
    ADDRESS,
    NOW,
    OTHER_SELLER,
    SELLER,
    an_id,
    make_cart,
    make_key,
    make_variant,
    place_from,
)
from services.orders.tests.conftest import Stores

LATER = NOW + timedelta(seconds=1)


async def placed(stores: Stores, cart=None, **values) -> Checkout:
    cart = cart or make_cart(make_variant(), **values)
    await stores.carts.create(cart, NOW)
    checkout = place_from(cart)
    assert await stores.checkouts.place(cart, checkout, make_key()) is Placed.PLACED
    return checkout


async def moved(stores: Stores, transition: Transition) -> Checkout:
    assert await stores.checkouts.save(transition)
    return transition.after


async def settling(stores: Stores, checkout: Checkout) -> Checkout:
    checkout = await moved(stores, moves.after_reserve(checkout, Reserved(), LATER))
    paid = Paid("authorized", an_id("pay"))
    return await moved(stores, moves.after_authorize(checkout, paid, LATER))


async def test_a_cart_comes_back_as_it_was_stored(stores: Stores) -> None:
    cart = make_cart(make_variant(), make_variant(seller_id=OTHER_SELLER), quantity=3)
    assert await stores.carts.create(cart, NOW)
    assert await stores.carts.load(cart.id, EVERYTHING) == cart


async def test_an_account_s_empty_cart_comes_back_too(stores: Stores) -> None:
    cart = make_cart(account_id=an_id("usr"), email="", shipping_address=None)
    assert await stores.carts.create(cart, NOW)
    assert await stores.carts.load(cart.id, EVERYTHING) == cart


async def test_a_cart_is_created_once(stores: Stores) -> None:
    cart = make_cart()
    assert await stores.carts.create(cart, NOW)
    assert not await stores.carts.create(replace(cart, email="other@soko.example"), NOW)
    assert await stores.carts.load(cart.id, EVERYTHING) == cart


async def test_only_one_of_two_changes_of_a_version_is_saved(stores: Stores) -> None:
    cart = make_cart()
    await stores.carts.create(cart, NOW)
    assert await stores.carts.save(cart.with_email("one@soko.example"), LATER)
    assert not await stores.carts.save(cart.with_email("two@soko.example"), LATER)
    assert (await stores.carts.load(cart.id, EVERYTHING)).email == "one@soko.example"


async def test_the_newest_open_cart_of_an_account_is_found(stores: Stores) -> None:
    account_id = an_id("usr")
    old, new = make_cart(account_id=account_id), make_cart(account_id=account_id)
    await stores.carts.create(old, NOW)
    await stores.carts.create(new, LATER)
    assert (await stores.carts.newest_open_of(account_id)).id == new.id
    await stores.carts.save(old.with_email("x@soko.example"), LATER + timedelta(seconds=1))
    assert (await stores.carts.newest_open_of(account_id)).id == old.id
    assert await stores.carts.newest_open_of(an_id("usr")) is None


async def test_a_merge_changes_both_carts_or_neither(stores: Stores) -> None:
    account_id = an_id("usr")
    own, guest = make_cart(make_variant(), account_id=account_id), make_cart(make_variant())
    await stores.carts.create(own, NOW)
    await stores.carts.create(guest, NOW)
    merged = own.absorb(guest)
    stale = replace(guest, version=guest.version + 1).claimed_by(account_id)
    assert not await stores.carts.merge(merged, stale, LATER)
    assert await stores.carts.load(own.id, EVERYTHING) == own
    assert await stores.carts.merge(merged, guest.claimed_by(account_id), LATER)
    assert await stores.carts.load(own.id, EVERYTHING) == merged
    assert await stores.carts.load(guest.id, EVERYTHING) is None
    assert await stores.carts.merged_into(guest.id, account_id) == merged
    assert await stores.carts.merged_into(guest.id, an_id("usr")) is None


async def test_a_placed_order_comes_back_with_its_saga(stores: Stores) -> None:
    cart = make_cart(make_variant(), make_variant(seller_id=OTHER_SELLER), quantity=2)
    checkout = await placed(stores, cart)
    assert await stores.checkouts.load(checkout.order.id) == checkout
    assert await stores.orders.load(checkout.order.id, EVERYTHING) == checkout.order
    taken = await stores.carts.load(cart.id, EVERYTHING)
    assert (taken.status, taken.attempts, taken.order_id) == ("checked_out", 1, checkout.order.id)


async def test_a_key_leads_to_its_order(stores: Stores) -> None:
    cart, key = make_cart(make_variant()), make_key()
    await stores.carts.create(cart, NOW)
    assert (await stores.carts.load_for_checkout(cart.id, key, EVERYTHING)) == (cart, None)
    checkout = place_from(cart)
    await stores.checkouts.place(cart, checkout, key)
    _, used = await stores.carts.load_for_checkout(cart.id, key, EVERYTHING)
    assert (used.order_id, used.fingerprint) == (checkout.order.id, key.fingerprint)


async def test_an_edited_cart_is_not_placed(stores: Stores) -> None:
    cart = make_cart(make_variant())
    await stores.carts.create(cart, NOW)
    await stores.carts.save(cart.with_email("new@soko.example"), LATER)
    checkout = place_from(cart)
    assert await stores.checkouts.place(cart, checkout, make_key()) is Placed.CART_CHANGED
    assert await stores.checkouts.load(checkout.order.id) is None


async def test_a_cart_is_placed_once(stores: Stores) -> None:
    cart = make_cart(make_variant())
    await placed(stores, cart)
    again = place_from(cart)
    assert await stores.checkouts.place(cart, again, make_key()) is Placed.CART_CHANGED


async def test_a_key_or_number_of_another_order_places_nothing(stores: Stores) -> None:
    first, second, key = make_cart(make_variant()), make_cart(make_variant()), make_key()
    for cart in (first, second):
        await stores.carts.create(cart, NOW)
    checkout = place_from(first)
    await stores.checkouts.place(first, checkout, key)
    assert await stores.checkouts.place(second, place_from(second), key) is Placed.KEY_USED
    twin = place_from(second)
    twin = Checkout(replace(twin.order, number=checkout.order.number), twin.saga)
    assert await stores.checkouts.place(second, twin, make_key()) is Placed.NUMBER_TAKEN
    assert (await stores.carts.load(second.id, EVERYTHING)).status == OPEN


async def test_each_step_is_stored(stores: Stores) -> None:
    checkout = await placed(stores)
    checkout = await moved(stores, moves.after_reserve(checkout, Reserved(), LATER))
    assert await stores.checkouts.load(checkout.order.id) == checkout
    pending = PaymentPending(an_id("pay"), "sandbox", "https://pay.example", None)
    checkout = await moved(stores, moves.after_authorize(checkout, pending, LATER))
    assert await stores.checkouts.load(checkout.order.id) == checkout
    paid = Paid("captured", checkout.order.payment_id)
    checkout = await moved(stores, moves.after_authorize(checkout, paid, LATER))
    assert await stores.checkouts.load(checkout.order.id) == checkout
    assert checkout.order.status == "confirmed"


async def test_one_of_two_moves_is_stored(stores: Stores) -> None:
    checkout = await placed(stores)
    granted = moves.after_reserve(checkout, Reserved(), LATER)
    cancelled = moves.cancel(checkout, "changed_mind", LATER)
    assert await stores.checkouts.save(granted)
    assert not await stores.checkouts.save(cancelled)
    assert (await stores.checkouts.load(checkout.order.id)).saga.step == AUTHORIZING


async def test_a_refused_checkout_reopens_its_cart_with_fresh_lines(stores: Stores) -> None:
    cart = make_cart(make_variant(), shipping_address=ADDRESS)
    checkout = await placed(stores, cart)
    refused = Refused("conflict", "price_changed", "It costs more.", {"lines": [{"a": 1}]})
    checkout = await moved(stores, moves.after_reserve(checkout, refused, LATER))
    assert await stores.checkouts.load(checkout.order.id) == checkout
    dearer = [replace(item, unit_price_minor=200_000) for item in cart.items]
    end = moves.after_compensation(checkout, True, LATER)
    assert await stores.checkouts.finish_compensation(end, reopen=True, items=dearer)
    assert (await stores.checkouts.load(checkout.order.id)).saga.step == CANCELLED
    reopened = await stores.carts.load(cart.id, EVERYTHING)
    assert (reopened.status, reopened.version) == (OPEN, cart.version + 1)
    assert reopened.items == tuple(dearer)
    assert not await stores.checkouts.finish_compensation(end, reopen=True, items=None)
    again = place_from(reopened)
    assert await stores.checkouts.place(reopened, again, make_key()) is Placed.PLACED


async def test_a_cancelled_confirmed_order_leaves_its_cart_closed(stores: Stores) -> None:
    checkout = await settling(stores, await placed(stores))
    checkout = await moved(stores, moves.cancel(checkout, "changed_mind", LATER))
    end = moves.after_compensation(checkout, True, LATER)
    assert await stores.checkouts.finish_compensation(end, reopen=False, items=None)
    assert (await stores.carts.load(checkout.order.cart_id, EVERYTHING)).status == "checked_out"


async def test_settled_orders_are_captured_together(stores: Stores) -> None:
    waiting = [await settling(stores, await placed(stores)) for _ in range(3)]
    cancelled = moves.cancel(waiting[0], "changed_mind", LATER)
    assert await stores.checkouts.save(cancelled)
    ends = [moves.after_settling(checkout, "captured", LATER) for checkout in waiting]
    await stores.checkouts.save_settled(ends)
    found = [await stores.checkouts.load(checkout.order.id) for checkout in waiting]
    assert found[0] == cancelled.after
    assert found[1:] == [end.after for end in ends[1:]]
    assert {checkout.order.payment_status for checkout in found[1:]} == {"captured"}


async def test_a_capture_that_is_known_already_only_ends_the_saga(stores: Stores) -> None:
    checkout = await settling(stores, await placed(stores))
    end = moves.after_settling(checkout, "captured", LATER)
    known = checkout.order.changed(LATER, payment_status="captured")
    told = Transition(checkout, Checkout(known, checkout.saga), "order_payment_changed")
    assert await stores.checkouts.save(told)
    await stores.checkouts.save_settled([end])
    found = await stores.checkouts.load(checkout.order.id)
    assert (found.saga.step, found.order.version) == (DONE, known.version)


async def test_due_sagas_are_taken_once(stores: Stores) -> None:
    checkout = await placed(stores)
    due_at = checkout.saga.next_attempt_at
    before, until = due_at - timedelta(seconds=1), due_at + timedelta(seconds=30)

    async def taken(now):
        found = await stores.checkouts.claim_due(now, until, 1000)
        return [each.saga.step for each in found if each.order.id == checkout.order.id]

    assert await taken(before) == []
    assert await taken(due_at) == ["reserving"]
    assert await taken(due_at) == []
    assert await taken(until) == ["reserving"]


async def test_an_account_s_orders_are_paged_newest_first(stores: Stores) -> None:
    account_id = an_id("usr")
    made = [(await placed(stores, account_id=account_id)).order for _ in range(5)]
    await placed(stores)
    newest = sorted(made, key=lambda order: order.id, reverse=True)
    first = await stores.orders.page_of_account(account_id, None, 2)
    rest = await stores.orders.page_of_account(account_id, first[-1].id, 10)
    assert [*first, *rest] == newest


async def test_a_seller_sees_confirmed_orders_only(stores: Stores) -> None:
    seller_id = an_id("sel")
    variants = make_variant(seller_id=seller_id), make_variant(seller_id=SELLER)
    await placed(stores, make_cart(*variants))
    confirmed = [await settling(stores, await placed(stores, make_cart(*variants))) for _ in "abc"]
    newest = sorted((c.order for c in confirmed), key=lambda o: o.id, reverse=True)
    page = await stores.orders.page_of_seller(seller_id, None, 2)
    assert list(page) == newest[:2]
    last = page[-1]
    rest = await stores.orders.page_of_seller(seller_id, (last.confirmed_at, last.id), 5)
    assert list(rest) == newest[2:]


async def test_a_declined_order_keeps_its_refusal(stores: Stores) -> None:
    checkout = await placed(stores)
    checkout = await moved(stores, moves.after_reserve(checkout, Reserved(), LATER))
    declined = moves.after_authorize(checkout, Declined("insufficient_funds"), LATER)
    checkout = await moved(stores, declined)
    assert (await stores.checkouts.load(checkout.order.id)).order.refusal.extra == {
        "order_id": checkout.order.id,
        "reason": "insufficient_funds",
    }


async def test_the_end_of_settling_is_settled_by_step(stores: Stores) -> None:
    checkout = await settling(stores, await placed(stores))
    assert (await stores.checkouts.load(checkout.order.id)).saga.step == SETTLING


async def test_what_is_anothers_is_not_there(stores: Stores) -> None:
    owner, stranger, guest = Reader(an_id("usr")), Reader(an_id("usr")), Reader()
    cart = make_cart(make_variant(), account_id=owner.account_id)
    order = (await placed(stores, cart)).order
    for reader in (stranger, guest):
        assert await stores.carts.load(cart.id, reader) is None
        assert await stores.carts.load_for_checkout(cart.id, make_key(), reader) is None
        assert await stores.orders.load(order.id, reader) is None
        assert await stores.checkouts.load(order.id, reader) is None
    for reader in (owner, EVERYTHING):
        assert (await stores.carts.load(cart.id, reader)).id == cart.id
        assert (await stores.carts.load_for_checkout(cart.id, make_key(), reader))[0].id == cart.id
        assert await stores.orders.load(order.id, reader) == order
        assert (await stores.checkouts.load(order.id, reader)).order == order
    # Readers that meet share a statement and see their own.
    looks = [stores.orders.load(order.id, reader) for reader in (stranger, owner, guest)]
    assert await asyncio.gather(*looks) == [None, order, None]


async def test_a_guests_cart_and_order_are_there_for_who_has_the_token(stores: Stores) -> None:
    cart = make_cart(make_variant())
    order = (await placed(stores, cart)).order
    for reader in (Reader(), Reader(an_id("usr"))):
        assert (await stores.carts.load(cart.id, reader)).id == cart.id
        assert await stores.orders.load(order.id, reader) == order
