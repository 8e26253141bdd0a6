"""What the demo shop sells, read from ``catalogue.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_KES_PER = {"USD": 129, "EUR": 140}
"""Round rates of the demo shop, KES for one unit; only to give prices in other currencies."""
_SIZE_STOCK = (40, 25, 15)
_GOODS, _WAYS = 8, 4
"""How many goods each category has, and ways that each of them comes in."""


@dataclass(frozen=True)
class DemoSeller:
    """A seller of the demo shop."""

    key: str
    name: str
    country: str
    currency: str
    timezone: str
    language: str


@dataclass(frozen=True)
class DemoVariant:
    """A variant of a demo product."""

    sku: str
    size: str
    """Size, or empty for a product that comes in one."""
    on_hand: int


@dataclass(frozen=True)
class DemoProduct:
    """A product of the demo shop."""

    external_id: str
    seller_key: str
    category: str
    title: str
    description: str
    way: str
    prices: dict[str, int]
    """Minor units by currency."""
    weight_g: int
    shape: str
    hue: int
    variants: list[DemoVariant] = field(default_factory=list)


@dataclass(frozen=True)
class DemoShop:
    """Everything that is loaded."""

    sellers: list[DemoSeller]
    categories: list[str]
    products: list[DemoProduct]


def read_shop() -> DemoShop:
    """Return the demo shop, the same at every call; neighbours are of different categories."""
    raw = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text("utf-8"))
    sellers = {entry["key"]: DemoSeller(**entry) for entry in raw["sellers"]}
    products = [
        _product(raw["notes"], sellers[category["seller"]], category, way, number)
        for way in range(_WAYS)
        for number in range(_GOODS)
        for category in raw["categories"]
    ]
    return DemoShop(
        sellers=list(sellers.values()),
        categories=[category["name"] for category in raw["categories"]],
        products=products,
    )


def _product(
    notes: dict[str, str],
    seller: DemoSeller,
    category: dict[str, Any],
    way: int,
    number: int,
) -> DemoProduct:
    good = category["goods"][number]
    words = category["ways"][way]
    price_minor = good["price"] + way * (good["price"] // 2000 * 100)
    code = f"{seller.key[:3]}-{category['hue']:03d}{number}{way}".upper()
    languages = dict.fromkeys(("en", seller.language))
    note = "\n\n".join(notes[language].format(seller=seller.name) for language in languages)
    sizes = category.get("sizes", [""])
    return DemoProduct(
        external_id=code,
        seller_key=seller.key,
        category=category["name"],
        title=f"{good['title']}, {words}",
        description=f"{good['about']}\n\n{note}",
        way=words,
        prices={
            "KES": price_minor,
            **{currency: _price_in(price_minor, rate) for currency, rate in _KES_PER.items()},
        },
        weight_g=good["weight"],
        shape=good["shape"],
        hue=(category["hue"] + 37 * way) % 360,
        variants=[
            DemoVariant(
                sku=f"{code}-{size}" if size else code,
                size=size,
                on_hand=_SIZE_STOCK[index] if size else 20 + 15 * way + 3 * number,
            )
            for index, size in enumerate(sizes)
        ],
    )


def _price_in(kes_minor: int, kes_per_unit: int) -> int:
    """Return a price that ends in 90, in the minor unit of a currency with two digits."""
    return max(1, round(kes_minor / kes_per_unit / 100)) * 100 - 10
