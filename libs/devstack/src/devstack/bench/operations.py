"""What is measured: one row of the table each."""

from __future__ import annotations

from dataclasses import dataclass, field

_QUERIES = (
    "coffee", "leather", "solar", "notebook", "basket", "enamel mug", "tea", "indigo", "lantern",
    "satchel", "kettle", "puzzle", "wool", "charger", "soap", "sketchbook",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """An operation of the API and the least rate it should reach, as a share of the yardstick's."""

    name: str
    title: str
    target: float | None
    script: str
    variables: dict[str, str] = field(default_factory=dict)


def operations(product_ids: list[str], variant_ids: list[str]) -> list[Operation]:
    """Return the operations, reads first."""
    lists = "/v1/products?limit=20"
    details = "\n".join(f"/v1/products/{product_id}" for product_id in product_ids)
    searches = "\n".join(f"/v1/products?q={query.replace(' ', '+')}" for query in _QUERIES)
    fresh = {"SOKO_UNCACHED": "1"}
    variants = {"SOKO_VARIANTS": ",".join(variant_ids)}
    read = "read.lua"
    return [
        Operation("list", "product list of 20", 0.65, read, {"SOKO_PATHS": lists}),
        Operation("detail", "product detail", 0.65, read, {"SOKO_PATHS": details}),
        Operation(
            "list_uncached",
            "product list of 20, uncached",
            0.15,
            read,
            {"SOKO_PATHS": lists} | fresh,
        ),
        Operation(
            "detail_uncached",
            "product detail, uncached",
            None,
            read,
            {"SOKO_PATHS": details} | fresh,
        ),
        Operation("search", "text search, uncached", 0.11, read, {"SOKO_PATHS": searches} | fresh),
        Operation("add_to_cart", "add to cart (new cart)", 0.11, "add_to_cart.lua", variants),
        Operation("checkout", "whole checkout", 0.02, "checkout.lua", variants),
    ]
