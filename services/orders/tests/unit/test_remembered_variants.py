"""Variants are remembered for a second, and never longer than catalog's word allows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from chassis.envelope import Envelope
from orders.adapters.remembered_variants import RememberedVariants
from orders.domain.variant import Variant
from soko.events.v1.catalog_pb2 import ProductState, ProductUpdated

KETTLE = Variant(
    id="var_1",
    product_id="prd_1",
    seller_id="sel_1",
    seller_name="Savanna Home",
    category_id="cat_1",
    title="Kettle",
    sku="K-1",
    prices={"KES": 1000},
    available=500,
    for_sale=True,
)


class Catalog:
    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.asked = 0

    async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
        self.asked += 1
        return {self.variant.id: self.variant} if self.variant.id in variant_ids else {}


class Watch:
    time_s = 0.0

    def __call__(self) -> float:
        return self.time_s


def updated(product_id: str) -> Envelope:
    event = ProductUpdated(product=ProductState(product_id=product_id))
    return Envelope(
        id=uuid4(),
        name="product_updated",
        source="/soko/catalog",
        time=datetime.now(UTC),
        aggregate_id=product_id,
        sequence=1,
        traceparent="",
        data=event.SerializeToString(),
    )


async def test_a_variant_is_asked_for_once_a_second() -> None:
    catalog, watch = Catalog(KETTLE), Watch()
    variants = RememberedVariants(catalog, watch)
    for time_s in (0.0, 0.5, 0.99):
        watch.time_s = time_s
        assert await variants.find(["var_1"]) == {"var_1": KETTLE}
    assert catalog.asked == 1
    watch.time_s = 1.01
    await variants.find(["var_1"])
    assert catalog.asked == 2


async def test_a_price_change_is_seen_as_soon_as_catalog_tells_of_it() -> None:
    catalog = Catalog(KETTLE)
    variants = RememberedVariants(catalog, Watch())
    await variants.find(["var_1"])
    catalog.variant = replace(KETTLE, prices={"KES": 900})
    await variants.hear(updated("prd_other"))
    assert (await variants.find(["var_1"]))["var_1"].prices == {"KES": 1000}
    await variants.hear(updated("prd_1"))
    assert (await variants.find(["var_1"]))["var_1"].prices == {"KES": 900}


async def test_an_answer_that_a_change_overtook_is_not_remembered() -> None:
    class Slow(Catalog):
        async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
            old = await super().find(variant_ids)
            await variants.hear(updated("prd_1"))
            return old

    catalog = Slow(KETTLE)
    variants = RememberedVariants(catalog, Watch())
    for _ in range(2):
        await variants.find(["var_1"])
    assert catalog.asked == 2


async def test_scarce_unsaleable_and_unknown_variants_are_asked_for_each_time() -> None:
    for variant in (replace(KETTLE, available=99), replace(KETTLE, for_sale=False)):
        catalog = Catalog(variant)
        variants = RememberedVariants(catalog, Watch())
        for _ in range(2):
            await variants.find(["var_1", "var_unknown"])
        assert catalog.asked == 2


async def test_everything_is_forgotten_when_events_may_be_missing() -> None:
    catalog = Catalog(KETTLE)
    variants = RememberedVariants(catalog, Watch())
    await variants.find(["var_1"])
    await variants.forget()
    await variants.find(["var_1"])
    assert catalog.asked == 2
