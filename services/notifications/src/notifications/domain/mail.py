"""What a mail is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in minor units of an ISO 4217 currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class MailLine:
    """A line of an order."""

    title: str
    sku: str
    quantity: int
    unit_price: Amount
    line_total: Amount


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where an order goes."""

    name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    """ISO 3166-1 alpha-2 code."""
    phone: str


@dataclass(frozen=True, slots=True)
class MailOrder:
    """An order as its buyer is told of it."""

    id: str
    number: str
    account_id: str
    email: str
    locale: str
    lines: tuple[MailLine, ...]
    totals: Mapping[str, Amount]
    """subtotal, discount, shipping, tax, duty, tax_included and total."""
    shipping_address: PostalAddress | None


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach an account now."""

    email: str
    name: str
    locale: str


@dataclass(frozen=True, slots=True)
class MailSubject:
    """Everything that a mail's templates may show."""

    kind: str
    locale: str
    name: str
    """Whom to greet; may be empty."""
    order: MailOrder
    refund: Amount | None = None
    parcel: str = ""
    """Carrier and tracking number of the parcel that it is about."""


@dataclass(frozen=True, slots=True)
class MintedLink:
    """A link that may be mailed now."""

    token: str = field(repr=False)
    life: timedelta
    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """Everything that the templates of a link's mail may show.

    Not the account's name: whoever registers with another's address would choose words that we mail
    there.
    """

    kind: str
    locale: str
    url: str = field(repr=False)
    life: timedelta
    """How long the link works."""


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail's words."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    locale: str
