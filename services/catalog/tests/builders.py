"""Things to test with, ordinary unless a test says otherwise."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from catalog.domain.money import Price
from catalog.domain.options import Option
from catalog.domain.product import Product, ProductChanges, new_product
from catalog.domain.seller import Seller
from catalog.domain.stock import WantedLine
from catalog.domain.variant import NewVariant
from chassis.actor import Actor
from chassis.ids import format_id, new_id

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CURRENCIES = frozenset({"KES", "EUR", "JPY"})
_numbers = itertools.count(1)


def unique(word: str) -> str:
    """Return a word that no other test uses."""
    return f"{word}-{next(_numbers)}-{new_id().hex[-6:]}"


def make_seller(**values: Any) -> Seller:
    slug = unique("seller")
    return Seller(
        **{
            "id": new_id(),
            "slug": slug,
            "name": slug.title(),
            "country": "KE",
            "currency": "KES",
            "status": "active",
            **values,
        }
    )


def make_variant(sku: str = "", amount_minor: int = 1000, **values: Any) -> NewVariant:
    return NewVariant(
        **{
            "sku": sku or unique("sku"),
            "title": "",
            "options": {},
            "prices": [Price(amount_minor, "KES")],
            **values,
        }
    )


def make_product(*variants: NewVariant, **values: Any) -> Product:
    fields = {
        "title": "Kikoi",
        "category_id": new_id(),
        "slug": unique("kikoi"),
        "status": "active",
        **values,
    }
    return new_product(
        new_id(),
        new_id(),
        ProductChanges(**fields),
        [(new_id(), variant) for variant in variants or (make_variant(),)],
        CURRENCIES,
        NOW,
    )


def sizes(*values: str) -> list[Option]:
    return [Option("Size", values)]


def make_line(variant_id: UUID, quantity: int = 1, amount_minor: int = 1000) -> WantedLine:
    return WantedLine(new_id(), variant_id, quantity, Price(amount_minor, "KES"))


def member(seller_id: UUID, role: str = "owner") -> Actor:
    return Actor(
        kind="account",
        account_id=format_id("usr", new_id()),
        memberships={format_id("sel", seller_id): role},
    )


def account(*roles: str) -> Actor:
    return Actor(
        kind="account", account_id=format_id("usr", new_id()), roles=frozenset({"buyer", *roles})
    )
