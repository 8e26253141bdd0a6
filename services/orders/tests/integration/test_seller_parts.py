"""Orders are read in the name of the sellers that have a confirmed part in them, of no others."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chassis.database import Database
from orders.adapters.part_store import PostgresSellerParts
from orders.adapters.shipment_store import PostgresShipments
from orders.app.seller_parts import Parties, PartOf
from orders.domain import checkout as moves
from orders.domain.checkout import Checkout
from orders.domain.fulfilment import Parcel, ship
from orders.domain.outcomes import Paid, Reserved
from services.orders.tests.builders import (
    NOW,
    OTHER_SELLER,
    SELLER,
    an_id,
    make_cart,
    make_key,
    make_variant,
    place_from,
)
from services.orders.tests.conftest import postgres_stores


@dataclass
class Sold:
    """An order of two sellers; the first one has shipped its part."""

    parts: PostgresSellerParts
    checkout: Checkout
    buyer: str
    shipment_id: str

    def part(self, seller_id: str) -> str:
        parts = self.checkout.order.seller_orders
        return next(part.id for part in parts if part.seller_id == seller_id)

    async def loads(self, seller_id: str, **named: str) -> bool:
        found = await self.parts.load(PartOf(**named), {seller_id})
        return found is not None and found.order.id == self.checkout.order.id


async def placed(db: Database, buyer: str) -> Checkout:
    stores = postgres_stores(db)
    cart = make_cart(make_variant(), make_variant(seller_id=OTHER_SELLER), account_id=buyer)
    await stores.carts.create(cart, NOW)
    checkout = place_from(cart)
    await stores.checkouts.place(cart, checkout, make_key())
    return checkout


@pytest.fixture
async def sold(orders_db: Database) -> Sold:
    stores, buyer = postgres_stores(orders_db), an_id("usr")
    checkout = await placed(orders_db, buyer)
    reserved = moves.after_reserve(checkout, Reserved(), NOW)
    await stores.checkouts.save(reserved)
    paid = moves.after_authorize(reserved.after, Paid("captured", an_id("pay")), NOW)
    await stores.checkouts.save(paid)
    order, shipment_id = paid.after.order, an_id("shp")
    part = next(part for part in order.seller_orders if part.seller_id == SELLER)
    units = {line.id: 1 for line in order.lines if line.seller_order_id == part.id}
    parcel = Parcel(shipment_id, part.id, "posta", "1", units)
    assert await PostgresShipments(orders_db, lambda: None).save(ship(order, parcel, NOW))
    return Sold(PostgresSellerParts(orders_db), paid.after, buyer, shipment_id)


async def test_a_seller_finds_an_order_by_what_it_has_of_it(sold: Sold) -> None:
    order_id = sold.checkout.order.id
    for seller in (SELLER, OTHER_SELLER):
        own = sold.part(seller)
        assert await sold.loads(seller, order_id=order_id)
        assert await sold.loads(seller, seller_order_id=own)
        assert await sold.loads(seller, order_id=order_id, seller_order_id=own)
    assert await sold.loads(SELLER, shipment_id=sold.shipment_id)


async def test_what_is_another_seller_s_is_not_there(sold: Sold) -> None:
    order_id, stranger = sold.checkout.order.id, an_id("sel")
    theirs = sold.part(OTHER_SELLER)
    assert not await sold.loads(stranger, order_id=order_id)
    assert not await sold.loads(SELLER, seller_order_id=theirs)
    assert not await sold.loads(SELLER, order_id=order_id, seller_order_id=theirs)
    assert not await sold.loads(SELLER, order_id=an_id("ord"), seller_order_id=sold.part(SELLER))
    assert not await sold.loads(OTHER_SELLER, shipment_id=sold.shipment_id)


async def test_nobody_sells_in_an_order_before_it_is_confirmed(orders_db: Database) -> None:
    buyer = an_id("usr")
    checkout = await placed(orders_db, buyer)
    parts, which = PostgresSellerParts(orders_db), PartOf(order_id=checkout.order.id)
    assert await parts.load(which, {SELLER, OTHER_SELLER}) is None
    assert await parts.parties(which) == Parties(buyer, frozenset())


async def test_the_parties_of_a_part_are_its_buyer_and_its_seller(sold: Sold) -> None:
    whole = PartOf(order_id=sold.checkout.order.id)
    assert await sold.parts.parties(whole) == Parties(sold.buyer, frozenset({SELLER, OTHER_SELLER}))
    shipped = PartOf(shipment_id=sold.shipment_id)
    assert await sold.parts.parties(shipped) == Parties(sold.buyer, frozenset({SELLER}))
    assert await sold.parts.parties(PartOf(seller_order_id=an_id("sor"))) is None
