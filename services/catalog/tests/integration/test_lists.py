"""Lists and searches."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from catalog.app.list_products import ListProducts
from catalog.domain.errors import NotFound, ValidationFailed
from catalog.domain.money import Price
from catalog.domain.product import ProductChanges
from catalog.domain.seller import Seller
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id, parse_id
from services.catalog.tests.builders import make_variant, unique
from services.catalog.tests.conftest import Shop


async def stocked(shop: Shop, seller: Seller, title: str, amount: int = 1000, **fields: Any) -> str:
    product = await shop.product(seller, make_variant(amount_minor=amount), title=title, **fields)
    return product.id


async def walk(shop: Shop, **query: object) -> list[str]:
    """Return the titles of all pages, adding nothing meanwhile."""
    titles: list[str] = []
    cursor = ""
    while True:
        items, page = await shop.page(cursor=cursor, **query)
        titles += [item.title for item in items]
        cursor = page.next_cursor
        if not cursor:
            return titles


async def test_the_newest_come_first_and_drafts_not_at_all(shop: Shop) -> None:
    seller = await shop.seller()
    for title in ("One", "Two", "Three"):
        await stocked(shop, seller, title)
    await stocked(shop, seller, "Draft", status="draft")
    assert await shop.titles(seller=seller.slug) == ["Three", "Two", "One"]
    assert await shop.titles(seller=format_id("sel", seller.id)) == ["Three", "Two", "One"]


async def test_an_item_shows_price_stock_seller_and_picture_fields(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(
        seller,
        make_variant(prices=[Price(900, "KES"), Price(8, "EUR")], options={"S": "1"}),
        make_variant(prices=[Price(700, "KES")], options={"S": "2"}),
    )
    [item], _ = await shop.page(seller=seller.slug)
    assert (item.id, item.slug, item.seller.name) == (product.id, product.slug, seller.name)
    assert (item.price_from.amount_minor, item.price_from.currency) == (700, "KES")
    assert not item.available
    [item], _ = await shop.page(seller=seller.slug, currency="EUR")
    assert item.price_from.amount_minor == 8
    [item], _ = await shop.page(seller=seller.slug, currency="JPY")
    assert not item.HasField("price_from")


@pytest.mark.parametrize("sort", ["newest", "price", "-price", "rating", ""])
async def test_pages_have_neither_holes_nor_repeats_while_products_are_added(
    shop: Shop, sort: str
) -> None:
    seller = await shop.seller()
    known = {await stocked(shop, seller, f"P{n}", amount=n % 3 * 100) for n in range(7)}
    seen: list[str] = []
    cursor = ""
    while True:
        items, page = await shop.page(seller=seller.slug, sort=sort, limit=2, cursor=cursor)
        seen += [item.id for item in items]
        await stocked(shop, seller, "Added", amount=100)
        cursor = page.next_cursor
        if not cursor or len(seen) > 40:
            break
    assert len(seen) == len(set(seen))
    assert known <= set(seen)


async def test_a_list_by_price_ends_with_what_has_no_price_in_the_currency(shop: Shop) -> None:
    seller = await shop.seller()
    for title, amount in (("B", 200), ("A", 100), ("C", 300)):
        await stocked(shop, seller, title, amount)
    for title in ("X", "Y"):
        await shop.product(seller, make_variant(prices=[Price(5, "EUR")]), title=title)
    for limit in (1, 2, 3, 5, 100):
        rising = await walk(shop, seller=seller.slug, sort="price", limit=limit)
        falling = await walk(shop, seller=seller.slug, sort="-price", limit=limit)
        assert rising[:3] == ["A", "B", "C"]
        assert falling[:3] == ["C", "B", "A"]
        assert sorted(rising[3:]) == sorted(falling[3:]) == ["X", "Y"]


async def test_price_filters_speak_of_one_currency(shop: Shop) -> None:
    seller = await shop.seller()
    for title, amount in (("B", 200), ("A", 100), ("C", 300)):
        await stocked(shop, seller, title, amount)
    await shop.product(seller, make_variant(prices=[Price(150, "EUR")]), title="Euro")
    query = {"seller": seller.slug, "sort": "price"}
    assert await shop.titles(**query, min_price_minor=200) == ["B", "C"]
    assert await shop.titles(**query, min_price_minor=150, max_price_minor=250) == ["B"]
    assert await shop.titles(**query, max_price_minor=250, currency="EUR") == ["Euro"]


async def test_a_category_includes_those_below_it(shop: Shop) -> None:
    seller = await shop.seller()
    top = await shop.category()
    below = await shop.category(parent_id=await shop.category(parent_id=top))
    await stocked(shop, seller, "Top", category_id=top)
    await stocked(shop, seller, "Deep", category_id=below)
    await stocked(shop, seller, "Elsewhere")
    tree = {category.id: category.slug for category in await shop.categories.all()}
    assert await shop.titles(category=format_id("cat", top)) == ["Deep", "Top"]
    assert await shop.titles(category=tree[top]) == ["Deep", "Top"]
    assert await shop.titles(category=tree[below]) == ["Deep"]


@pytest.mark.parametrize(
    "query",
    [
        {"category": "no-such"},
        {"category": "cat_00000000000000000000000000"},
        {"category": "'; --\x00"},
        {"seller": "no-such"},
        {"seller": "\x00"},
        {"query": "---"},
    ],
)
async def test_a_filter_that_nothing_has_gives_an_empty_list(
    shop: Shop, query: dict[str, str]
) -> None:
    items, page = await shop.page(**query)
    assert items == []
    assert page.next_cursor == ""


async def test_stock_moves_a_product_in_and_out_of_what_is_in_stock(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller, title="Basket")
    variant = parse_id("var", product.variants[0].id)
    assert await shop.titles(seller=seller.slug, in_stock=True) == []
    await shop.inventory.set_on_hand(variant, None, 3, None)
    await shop.inventory.announce(0)
    assert await shop.titles(seller=seller.slug, in_stock=True) == ["Basket"]
    [item], _ = await shop.page(seller=seller.slug)
    assert item.available
    await shop.inventory.set_on_hand(variant, None, 0, None)
    await shop.inventory.announce(0)
    assert await shop.titles(seller=seller.slug, in_stock=True) == []


async def test_what_changes_is_told_once_a_second_per_variant(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller)
    variant = parse_id("var", product.variants[0].id)
    await shop.inventory.announce(0)
    for on_hand in range(1, 6):
        await shop.inventory.set_on_hand(variant, None, on_hand, None)
    tries = await asyncio.gather(*(shop.inventory.announce(0.0) for _ in range(4)))
    assert sum(told or 0 for told in tries) >= 1
    await shop.inventory.set_on_hand(variant, None, 9, None)
    assert await shop.inventory.announce(3600) is None
    assert await shop.inventory.announce(0) == 1
    rows = await shop.db.fetch_all(
        "SELECT name FROM outbox WHERE aggregate_id = %(ref)s", {"ref": product.variants[0].id}
    )
    assert [row["name"] for row in rows] == ["stock_changed"] * 2


async def test_a_search_finds_words_of_title_options_and_description(shop: Shop) -> None:
    seller = await shop.seller()
    word = unique("zebra").replace("-", "")
    await stocked(shop, seller, "Plain", description=f"Painted with a {word}.")
    await stocked(shop, seller, f"{word.upper()} basket")
    await shop.product(seller, make_variant(sku=f"{word} 7"), title="By SKU")
    assert await shop.titles(query=word) == [f"{word.upper()} basket", "By SKU", "Plain"]
    assert await shop.titles(query=f"{word} basket") == [f"{word.upper()} basket"]
    assert await shop.titles(query=word[:-1]) == [f"{word.upper()} basket", "By SKU", "Plain"]
    assert await shop.titles(query=word, sort="newest") == [
        "By SKU",
        f"{word.upper()} basket",
        "Plain",
    ]
    assert await shop.titles(query=word, max_price_minor=10) == []


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Handwoven sisal basket", "handwooven baskett"),
        ("Handwoven sisal basket", "sisla baset"),
        ("Crème brûlée torch", "creme brule"),
        ("Crème brûlée torch", "CREME BRÛLÉE"),
        ("Ceramic teapot", "ceramik teapto"),
        ("Brass lamp", "brass lmap"),
        ("قميص قطني أزرق", "قميص قطنى"),
        ("日本茶 急須", "日本茶"),
    ],
)
async def test_a_search_forgives_typing_errors(shop: Shop, title: str, query: str) -> None:
    seller = await shop.seller()
    await stocked(shop, seller, title)
    await stocked(shop, seller, "Something else")
    assert await shop.titles(query=query, seller=seller.slug) == [title]


async def test_pages_of_a_corrected_search_go_on_with_the_correction(shop: Shop) -> None:
    seller = await shop.seller()
    for n in range(5):
        await stocked(shop, seller, f"Lantern number {n}")
    titles = await walk(shop, query="lantrn", seller=seller.slug, limit=2)
    assert sorted(titles) == [f"Lantern number {n}" for n in range(5)]


async def test_pages_by_relevance_have_neither_holes_nor_repeats(shop: Shop) -> None:
    seller = await shop.seller()
    word = unique("heron").replace("-", "")
    titles = [f"{word} {word} {n}" if n % 2 else f"{word} {n}" for n in range(9)]
    for title in titles:
        await stocked(shop, seller, title)
    found = await walk(shop, query=word, limit=2)
    assert sorted(found) == sorted(titles)
    assert all(title.startswith(f"{word} {word}") for title in found[:4])


async def test_facets_count_what_the_list_has(shop: Shop) -> None:
    first, second = await shop.seller(), await shop.seller()
    top = await shop.category()
    below = await shop.category(parent_id=top)
    await stocked(shop, first, "A", category_id=top)
    await stocked(shop, first, "B", category_id=below)
    await stocked(shop, second, "C", category_id=below)
    _, page = await shop.page(category=format_id("cat", top), facets=True, limit=1)
    slugs = {category.id: category.slug for category in await shop.categories.all()}
    assert [(each.facet, each.value, each.count) for each in page.facets] == [
        ("category", slugs[below], 2),
        ("category", slugs[top], 1),
        ("seller", first.slug, 2),
        ("seller", second.slug, 1),
    ]


async def test_a_cursor_belongs_to_its_list(shop: Shop) -> None:
    seller = await shop.seller()
    for title in ("A", "B"):
        await stocked(shop, seller, title)
    _, page = await shop.page(seller=seller.slug, limit=1)
    for query in (
        {"seller": seller.slug, "sort": "price"},
        {"seller": seller.slug, "in_stock": True},
        {"seller": seller.slug, "currency": "EUR"},
        {},
    ):
        with pytest.raises(ServiceError) as raised:
            await shop.page(cursor=page.next_cursor, **query)
        assert raised.value.code == "invalid_cursor"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 101}, "/limit"),
        ({"limit": -1}, "/limit"),
        ({"sort": "best"}, "/sort"),
        ({"currency": "XYZ"}, "/currency"),
        ({"min_price_minor": -1}, "/min_price_minor"),
        ({"max_price_minor": 2**53}, "/max_price_minor"),
        ({"rating_min_hundredths": 501}, "/rating_min"),
        ({"query": "x" * 201}, "/q"),
    ],
)
async def test_wrong_parameters_are_refused(
    shop: Shop, query: dict[str, object], pointer: str
) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await shop.list(ListProducts(**query))  # type: ignore[arg-type]
    assert [each[0] for each in raised.value.violations] == [pointer]


async def test_a_product_is_changed_in_its_sellers_name_alone(shop: Shop) -> None:
    product = await shop.product(await shop.seller())
    async with shop.uow() as work:
        with pytest.raises(NotFound):
            await work.products.lock(parse_id("prd", product.id), new_id())


async def test_a_changed_product_is_listed_as_it_is_now(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller, title="Old title")
    product_id = parse_id("prd", product.id)
    async with shop.uow() as work:
        locked = await work.products.lock(product_id)
        locked.change(ProductChanges(title="New title"), shop.clock.now())
        await work.products.save(locked)
    assert await shop.titles(seller=seller.slug, query="new") == ["New title"]
    assert await shop.titles(seller=seller.slug, query="old") == []
    shop.clock.advance(timedelta(days=1))
    async with shop.uow() as work:
        locked = await work.products.lock(product_id)
        locked.change(ProductChanges(status="archived"), shop.clock.now())
        await work.products.save(locked)
    assert await shop.titles(seller=seller.slug) == []
