"""Variants remembered for a second, so that a popular one is not asked for with every cart.

A cart shows prices as of a moment ago in any case: Reserve checks price, sale and stock again in
its own transaction. Only variants with plenty of stock are remembered, and catalog's events make
us forget, so what is remembered is right but for the time that an event travels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from chassis.envelope import Envelope
from orders.app.ports import Variants
from orders.domain.variant import Variant
from soko.events.v1 import catalog_pb2

_KEEP_S = 1.0
_PLENTY = 100
"""Units below which a variant is asked for afresh each time: it may be sold out in a second."""
_MOST = 10_000

_PRODUCT_OF: Mapping[str, Callable[[bytes], str]] = {
    "product_updated": lambda data: catalog_pb2.ProductUpdated.FromString(data).product.product_id,
    "product_archived": lambda data: (
        catalog_pb2.ProductArchived.FromString(data).product.product_id
    ),
    "stock_changed": lambda data: catalog_pb2.StockChanged.FromString(data).product_id,
}
FORGETTING_EVENTS = tuple(_PRODUCT_OF)
"""The events of catalog that make us forget."""


class _Entry(NamedTuple):
    variant: Variant
    until: float


class RememberedVariants:
    """The Variants port in front of another one."""

    def __init__(self, variants: Variants, now: Callable[[], float] = time.monotonic) -> None:
        self._variants = variants
        self._now = now
        self._entries: dict[str, _Entry] = {}
        self._generation = 0

    async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
        """Return the variants that exist; raises ServiceError when catalog does not answer."""
        now = self._now()
        found: dict[str, Variant] = {}
        unknown: list[str] = []
        for variant_id in variant_ids:
            entry = self._entries.get(variant_id)
            if entry is not None and entry.until > now:
                found[variant_id] = entry.variant
            else:
                unknown.append(variant_id)
        if unknown:
            generation = self._generation
            fresh = await self._variants.find(unknown)
            # An answer that was under way while catalog told of a change may be the old one.
            if generation == self._generation:
                self._remember(fresh.values())
            found.update(fresh)
        return found

    async def hear(self, event: Envelope) -> None:
        """Forget the product that an event of catalog is about."""
        product_of = _PRODUCT_OF.get(event.name)
        if product_of is None:
            return
        self._generation += 1
        product_id = product_of(event.data)
        for variant_id, entry in list(self._entries.items()):
            if entry.variant.product_id == product_id:
                del self._entries[variant_id]

    async def forget(self) -> None:
        """Forget everything, because events may have been missed."""
        self._generation += 1
        self._entries.clear()

    def _remember(self, variants: Iterable[Variant]) -> None:
        if len(self._entries) > _MOST:
            self._entries.clear()
        until = self._now() + _KEEP_S
        for variant in variants:
            if variant.for_sale and variant.available >= _PLENTY:
                self._entries[variant.id] = _Entry(variant, until)
