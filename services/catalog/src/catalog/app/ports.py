"""What the use cases need of the world, as they see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from catalog.domain.category import Category
from catalog.domain.product import Product
from catalog.domain.seller import Seller
from catalog.domain.stock import Hold, Location, Stock, WantedLine


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product as it is shown."""

    document: bytes
    """The product as it was encoded when it changed, without availability."""
    available: Sequence[int]
    """Units that can be reserved, per variant in the document's order."""
    seller_id: UUID
    for_sale: bool
    """Whether it is active and its seller too: only then everybody may see it."""


@dataclass(frozen=True, slots=True)
class OfferedVariant:
    """A variant as a cart must know it."""

    id: UUID
    product_id: UUID
    seller_id: UUID
    seller_name: str
    title: str
    sku: str
    category_id: UUID
    prices: Mapping[str, int]
    available: int
    for_sale: bool


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which products a list shows; an empty or None field does not filter."""

    currency: str
    text: str = ""
    """What to search for, in the search engine's own form."""
    category_id: UUID | None = None
    category_slug: str = ""
    seller_id: UUID | None = None
    seller_slug: str = ""
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    in_stock: bool = False
    rating_min_hundredths: int | None = None


ListingKey = tuple[int | None, UUID]
"""Sort key and id of a listed product; by price, the key is None for one without a price."""


@dataclass(frozen=True, slots=True)
class ListingPage:
    """A page of a list."""

    items: Sequence[bytes]
    """Products as they were encoded when they changed."""
    last: ListingKey | None
    """Key of the last item if there are more."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many products of a list have a value."""

    facet: str
    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Renditions:
    """A picture in all its sizes: encoded bytes per name."""

    content_type: str
    content: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class VariantStock:
    """What can be reserved of a variant over all locations."""

    variant_id: UUID
    product_id: UUID
    available: int


class ProductReader(Protocol):
    """Reads products; each call is one statement."""

    async def view(self, product_id: UUID | None, slug: str) -> ProductView | None:
        """Return a product by id, or by slug without one."""
        ...

    async def offered(self, variant_ids: Sequence[UUID]) -> list[OfferedVariant]:
        """Return variants that exist, in the order asked."""
        ...

    async def page(
        self, chosen: ListingFilter, sort: str, after: ListingKey | None, limit: int
    ) -> ListingPage:
        """Return a page; ``sort`` is relevance, newest, price, -price or rating."""
        ...

    async def facets(self, chosen: ListingFilter) -> list[FacetCount]:
        """Return how many products of a list each category and each seller has."""
        ...

    async def similar_words(self, word: str, trigrams: Sequence[str]) -> list[str]:
        """Return words of products that share trigrams with a word, likeliest first."""
        ...


class Products(Protocol):
    """Products in one transaction."""

    async def lock(
        self,
        product_id: UUID,
        seller_id: UUID | None = None,
        new_category_id: UUID | None = None,
    ) -> Product:
        """Return a product that nobody else changes until the transaction ends.

        ``seller_id`` is whose it has to be, in a caller's name; ``new_category_id`` a category that
        it will be moved to. Raises NotFound, and ValidationFailed if there is no such category.
        """
        ...

    async def add(self, product: Product) -> bool:
        """Add a product and tell of it; return False if it exists already.

        Raises SkuTaken, SlugTaken, ExternalIdTaken, and ValidationFailed for an unknown category.
        """
        ...

    async def save(self, product: Product) -> None:
        """Store a locked product and tell of its events; raises as ``add`` does."""
        ...

    async def reserved(self, variant_id: UUID) -> int:
        """Return held and allocated units of a variant and keep others from reserving more."""
        ...

    async def product_of(self, variant_id: UUID) -> UUID:
        """Return the product of a variant that is offered; raises NotFound."""
        ...

    async def seller_of(self, product_id: UUID) -> UUID:
        """Return whose product it is; raises NotFound."""
        ...

    async def slug_exists(self, slug: str) -> bool:
        """Tell whether a product has the slug."""
        ...

    async def add_picture(
        self, product: Product, media_id: UUID, alt: str, etags: Mapping[str, str], most: int
    ) -> None:
        """Add a picture behind the others; raises TooManyMedia beyond ``most``."""
        ...


class Categories(Protocol):
    """Categories in one transaction."""

    async def add(self, category: Category, now: datetime) -> None:
        """Add a category unless it exists; raises SlugTaken, and ValidationFailed (parent)."""
        ...

    async def lock(self, category_id: UUID) -> Category:
        """Return a category and keep others from changing the tree; raises NotFound."""
        ...

    async def ancestors(self, category_id: UUID) -> list[UUID]:
        """Return a category and all above it; empty if there is no such category."""
        ...

    async def save(self, category: Category) -> None:
        """Store a category and show its name with its products; raises SlugTaken."""
        ...


class Sellers(Protocol):
    """Sellers and their locations in one transaction."""

    async def record(self, seller: Seller, sequence: int, location_id: UUID, now: datetime) -> None:
        """Store what identity told, unless something newer is known; make the default location."""
        ...


class Work(Protocol):
    """What one transaction may touch."""

    products: Products
    categories: Categories
    sellers: Sellers


UnitOfWork = Callable[[], AbstractAsyncContextManager[Work]]
"""Opens a transaction: committed at its end, rolled back on an exception."""


class CategoryReader(Protocol):
    """Reads the category tree."""

    async def all(self) -> list[Category]:
        """Return every category, by name."""
        ...


class SellerReader(Protocol):
    """Reads sellers."""

    async def find(self, seller_id: UUID | None, slug: str) -> Seller | None:
        """Return a seller by id, or by slug without one."""
        ...


class Identity(Protocol):
    """The owner of sellers and memberships."""

    async def seller(self, id_or_slug: str) -> Seller | None:
        """Return a seller, None if there is none; raises ServiceError when it is away."""
        ...

    async def role(self, seller_id: UUID, account_id: str) -> str:
        """Return an account's role at a seller, empty without one; a few seconds old at most."""
        ...


class Inventory(Protocol):
    """Stock; each call is one transaction."""

    async def locations(self, seller_id: UUID) -> list[Location]:
        """Return a seller's locations, the default one first."""
        ...

    async def add_location(self, location: Location, now: datetime) -> Location:
        """Add a location unless it exists; raises TooManyLocations."""
        ...

    async def owner(self, variant_id: UUID) -> UUID:
        """Return the seller of a variant that is offered; raises NotFound."""
        ...

    async def stock(
        self, variant_id: UUID, location_id: UUID | None, seller_id: UUID | None = None
    ) -> Stock:
        """Return stock at a location, the default one without; raises NotFound.

        ``seller_id`` is whose it has to be, in a caller's name.
        """
        ...

    async def set_on_hand(
        self,
        variant_id: UUID,
        location_id: UUID | None,
        on_hand: int,
        expected: int | None,
        seller_id: UUID | None = None,
    ) -> Stock:
        """Set what is physically there; raises NotFound, StaleVersion and StockReserved.

        ``seller_id`` is whose it has to be, in a caller's name.
        """
        ...

    async def reserve(
        self, order_id: UUID, lines: Sequence[WantedLine], expires_at: datetime
    ) -> Hold:
        """Hold all lines or none; raises ReservationRefused."""
        ...

    async def commit(self, order_ids: Sequence[UUID]) -> list[UUID]:
        """Turn holds into allocations; return the orders that have neither."""
        ...

    async def release(self, order_ids: Sequence[UUID], reason: str) -> None:
        """End holds and allocations and close the orders for good."""
        ...

    async def ship(self, shipment_id: UUID, order_id: UUID, units: Mapping[UUID, int]) -> None:
        """Lower on_hand and allocated by a parcel's units per line, once; raises NotAllocated."""
        ...

    async def take_back(self, shipment_id: UUID) -> None:
        """Raise on_hand by a parcel's units again, once; raises NotFound."""
        ...

    async def expire(self, now: datetime, most: int) -> int:
        """End holds whose time is over, at most so many; return how many it ended."""
        ...

    async def announce(self, every_s: float) -> int | None:
        """Tell what changed and show it in lists; return how many variants.

        Does nothing and returns None if any process did so in the last ``every_s`` seconds.
        """
        ...


class MediaStore(Protocol):
    """Keeps the bytes of pictures."""

    async def put(self, media_id: UUID, renditions: Renditions) -> None:
        """Store all renditions; doing so again replaces them."""
        ...

    async def get(self, media_id: UUID, rendition: str) -> bytes | None:
        """Return a rendition, None if there is none."""
        ...


class MediaReader(Protocol):
    """Reads what is known of pictures."""

    async def etag(self, media_id: UUID, rendition: str) -> str | None:
        """Return a rendition's entity tag, None if there is no such picture."""
        ...


Render = Callable[[bytes], Awaitable[Renditions]]
"""Makes renditions of an uploaded file; raises UnsupportedMedia and MediaTooLarge."""

Currencies = Collection[str]
"""ISO 4217 codes that prices may have."""
