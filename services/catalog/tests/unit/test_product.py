"""Products: what they may look like and how they may change."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain.errors import LastVariant, NotFound, StaleVersion, ValidationFailed
from catalog.domain.events import ProductArchived, ProductPublished, ProductUpdated
from catalog.domain.money import MAX_AMOUNT_MINOR, Price
from catalog.domain.product import ProductChanges, VariantChanges
from chassis.ids import new_id
from services.catalog.tests.builders import (
    CURRENCIES,
    NOW,
    make_product,
    make_variant,
    sizes,
)

LATER = NOW + timedelta(hours=1)


def pointers(raised: Any) -> list[str]:
    return [pointer for pointer, _ in raised.value.violations]


def test_an_active_product_is_published_at_once() -> None:
    product = make_product()
    assert product.events == [ProductPublished()]
    assert product.published_at == NOW
    assert product.version == 1


def test_a_draft_tells_nobody() -> None:
    product = make_product(status="draft")
    assert product.events == []
    assert product.published_at is None


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ("draft", "active", ProductPublished()),
        ("active", "archived", ProductArchived()),
        ("active", "draft", ProductUpdated()),
        ("active", "active", ProductUpdated()),
    ],
)
def test_a_change_of_status_tells_what_happened(before: str, after: str, event: object) -> None:
    product = make_product(status=before)
    product.events.clear()
    product.change(ProductChanges(status=after), LATER)
    assert product.events == [event]
    assert product.version == 2
    assert product.updated_at == LATER


def test_publishing_again_keeps_the_first_time() -> None:
    product = make_product()
    product.change(ProductChanges(status="archived"), LATER)
    product.change(ProductChanges(status="active"), LATER)
    assert product.published_at == NOW


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "   "}, "/title"),
        ({"title": "a\x00b"}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"description": "\x00"}, "/description"),
        ({"description": "x" * 20_001}, "/description"),
        ({"slug": "Not A Slug"}, "/slug"),
        ({"status": "archived"}, "/status"),
        ({"external_id": "\n"}, "/external_id"),
        ({"category_id": None}, "/category_id"),
        ({"attributes": {"a": {"b": {"c": {"d": {"e": 1}}}}}}, "/attributes"),
        ({"attributes": {"a": "\x00"}}, "/attributes"),
        ({"attributes": {"": 1}}, "/attributes"),
        ({"attributes": {"n": float("nan")}}, "/attributes"),
        ({"attributes": {"list": list(range(300))}}, "/attributes"),
    ],
)
def test_a_product_with_a_wrong_field_is_refused(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as raised:
        make_product(**fields)
    assert pointers(raised) == [pointer]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"sku": " "}, "/variants/0/sku"),
        ({"prices": []}, "/variants/0/price"),
        ({"prices": [Price(-1, "KES")]}, "/variants/0/price/amount_minor"),
        ({"prices": [Price(MAX_AMOUNT_MINOR + 1, "KES")]}, "/variants/0/price/amount_minor"),
        ({"prices": [Price(1, "XYZ")]}, "/variants/0/price/currency"),
        ({"prices": [Price(1, "KES"), Price(2, "KES")]}, "/variants/0/prices"),
        ({"compare_at": Price(1, "kes")}, "/variants/0/compare_at_price/currency"),
        ({"weight_g": -1}, "/variants/0/weight_g"),
    ],
)
def test_a_variant_with_a_wrong_field_is_refused(values: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as raised:
        make_product(make_variant(**{"sku": "A", **values}))
    assert pointers(raised) == [pointer]


def test_the_largest_amount_is_allowed() -> None:
    assert make_product(make_variant(amount_minor=MAX_AMOUNT_MINOR))


def test_options_are_those_that_the_variants_name_unless_they_are_given() -> None:
    product = make_product(make_variant(options={"Size": "M"}), make_variant(options={"Size": "S"}))
    assert product.options == sizes("M", "S")


@pytest.mark.parametrize("choice", [{}, {"Size": "XL"}, {"Colour": "red"}, {"Size": "S"}])
def test_each_variant_chooses_one_known_value_of_each_option(choice: dict[str, str]) -> None:
    with pytest.raises(ValidationFailed):
        make_product(
            make_variant(options={"Size": "S"}),
            make_variant(options=choice),
            options=sizes("S", "M"),
        )


def test_two_variants_of_a_product_have_different_skus() -> None:
    with pytest.raises(ValidationFailed) as raised:
        make_product(make_variant("A"), make_variant("A"))
    assert "/variants" in pointers(raised)


def test_options_that_a_variant_uses_cannot_be_taken_away() -> None:
    product = make_product(make_variant(options={"Size": "S"}))
    with pytest.raises(ValidationFailed):
        product.change(ProductChanges(options=sizes("M")), LATER)


def test_a_changed_price_replaces_the_one_of_its_currency_only() -> None:
    product = make_product(make_variant(prices=[Price(100, "KES"), Price(7, "EUR")]))
    [variant] = product.variants
    product.change_variant(variant.id, VariantChanges(prices=[Price(8, "EUR")]), CURRENCIES, LATER)
    assert variant.prices == {"KES": 100, "EUR": 8}


def test_a_former_price_can_be_taken_away() -> None:
    product = make_product(make_variant(compare_at=Price(2000, "KES")))
    [variant] = product.variants
    product.change_variant(variant.id, VariantChanges(), CURRENCIES, LATER)
    assert variant.compare_at == Price(2000, "KES")
    product.change_variant(variant.id, VariantChanges(clear_compare_at=True), CURRENCIES, LATER)
    assert variant.compare_at is None


def test_the_last_variant_stays() -> None:
    product = make_product(make_variant("A"), make_variant("B"))
    first, second = product.variants
    product.remove_variant(first.id, LATER)
    with pytest.raises(LastVariant):
        product.remove_variant(second.id, LATER)
    with pytest.raises(NotFound):
        product.remove_variant(first.id, LATER)


def test_another_version_than_the_expected_one_is_stale() -> None:
    product = make_product()
    product.expect_version(None)
    product.expect_version(1)
    with pytest.raises(StaleVersion) as raised:
        product.expect_version(2)
    assert raised.value.extra == {"version": 1}


def test_an_unknown_variant_is_not_found() -> None:
    with pytest.raises(NotFound):
        make_product().variant(new_id())
