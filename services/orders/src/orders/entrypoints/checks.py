"""What a request's fields must be before a use case sees them."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import ServiceError, Violation, invalid
from chassis.ids import parse_id
from chassis.iso import is_country, is_currency
from orders.domain.address import Address
from orders.domain.errors import ItemUnknown
from orders.entrypoints.messages import address_of
from soko.common.v1 import address_pb2
from soko.orders.v1 import fulfilment_pb2

_EMAIL_MAX = 254
_LINE_MAX = 200
_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100
_MAX_ITEMS = 500
_MAX_QUANTITY = 9999
_REQUIRED = ("name", "line1", "city")


def checked_email(email: str) -> str:
    """Return an e-mail address that may be one, or an empty text; raises ``invalid_email``."""
    local, at, domain = email.rpartition("@")
    if email and (not at or not local or not domain or len(email) > _EMAIL_MAX):
        detail = "This is not an e-mail address."
        raise invalid("invalid_email", detail, [Violation("/email", detail)])
    return email


def checked_currency(currency: str) -> str:
    """Return an ISO 4217 code or an empty text; raises ``unknown_currency``."""
    if currency and not is_currency(currency):
        detail = "This is no currency of ISO 4217."
        raise invalid("unknown_currency", detail, [Violation("/currency", detail)])
    return currency


def checked_country(country: str) -> str:
    """Return an ISO 3166-1 code or an empty text; raises ``unknown_country``."""
    if country and not is_country(country):
        detail = "This is no country of ISO 3166-1."
        raise invalid("unknown_country", detail, [Violation("/country", detail)])
    return country


def checked_address(message: address_pb2.Address) -> Address:
    """Return an address that mail could go to; raises ``invalid_address``."""
    address = address_of(message)
    violations = [
        Violation(f"/shipping_address/{name}", "This is required.")
        for name in _REQUIRED
        if not getattr(address, name).strip()
    ]
    violations += [
        Violation(f"/shipping_address/{name}", "This is too long.")
        for name in Address.__slots__
        if len(getattr(address, name)) > _LINE_MAX
    ]
    if not is_country(address.country):
        violations.append(Violation("/shipping_address/country", "This is no country."))
    if violations:
        raise invalid("invalid_address", "This address cannot be shipped to.", violations)
    return address


def checked_limit(limit: int) -> int:
    """Return a page's size, 1 to 100; 0 stands for 20."""
    return min(max(limit, 1), _MAX_LIMIT) if limit else _DEFAULT_LIMIT


def checked_id(prefix: str, text: str) -> str:
    """Return a well-formed id; raises ``not_found``."""
    parse_id(prefix, text)
    return text


def is_id(prefix: str, text: str) -> bool:
    """Tell whether a text is a well-formed id."""
    try:
        parse_id(prefix, text)
    except ServiceError:
        return False
    return True


def checked_units(
    items: Iterable[fulfilment_pb2.ShipmentItem], *, least: int = 1
) -> dict[str, int]:
    """Return units by line; raises ``invalid_items``, and ItemUnknown for what is no line's id."""
    units: dict[str, int] = {}
    for item in items:
        if not is_id("item", item.item_id):
            raise ItemUnknown(item_id=item.item_id)
        if not 1 <= item.quantity <= _MAX_QUANTITY:
            raise invalid("invalid_items", f"Give 1 to {_MAX_QUANTITY} units of a line.")
        units[item.item_id] = units.get(item.item_id, 0) + item.quantity
    if not least <= len(units) <= _MAX_ITEMS:
        raise invalid("invalid_items", f"Give 1 to {_MAX_ITEMS} lines.")
    return units
