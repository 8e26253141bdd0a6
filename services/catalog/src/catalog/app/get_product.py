"""Read one product."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import Currencies, ProductReader, ProductView
from catalog.domain.errors import NotFound, ValidationFailed
from catalog.domain.text import is_slug
from chassis.actor import Actor
from chassis.errors import ServiceError
from chassis.ids import parse_id


@dataclass(frozen=True, slots=True)
class GetProduct:
    """Which product, for whom, with prices in which currency (empty for the default)."""

    id_or_slug: str
    currency: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product and the currency to show it in."""

    view: ProductView
    currency: str


class GetProductHandler:
    """Answers GetProduct."""

    def __init__(
        self,
        reader: ProductReader,
        access: SellerAccess,
        currencies: Currencies,
        default_currency: str,
    ) -> None:
        self._reader = reader
        self._access = access
        self._currencies = currencies
        self._default_currency = default_currency

    async def __call__(self, query: GetProduct) -> ShownProduct:
        """Return a product; raises NotFound, also for another seller's draft."""
        if query.currency and query.currency not in self._currencies:
            raise ValidationFailed([("/currency", "is not an ISO 4217 currency")])
        product_id, slug = _id_or_slug(query.id_or_slug)
        view = await self._reader.view(product_id, slug)
        if view is None:
            raise NotFound
        if not view.for_sale and not await self._access.may_read(query.actor, view.seller_id):
            raise NotFound
        return ShownProduct(view, query.currency or self._default_currency)


def _id_or_slug(text: str) -> tuple[UUID | None, str]:
    try:
        return parse_id("prd", text), ""
    except ServiceError:
        if not is_slug(text):
            raise NotFound from None
        return None, text
