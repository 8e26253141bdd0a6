"""Values that tests of this service start from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.ids import format_id, new_id
from notifications.domain.mail import (
    Amount,
    LinkSubject,
    MailLine,
    MailOrder,
    MailSubject,
    MintedLink,
    PostalAddress,
)
from notifications.domain.updates import LinkUpdate, OrderUpdate

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def an_id(prefix: str) -> str:
    return format_id(prefix, new_id())


def an_update(name: str = "order_confirmed", **changes: Any) -> OrderUpdate:
    values: dict[str, Any] = {
        "event_id": an_id("evt"),
        "event_name": name,
        "occurred_at": NOON,
        "order_id": an_id("ord"),
        "number": "4821-7730-1",
        "account_id": "",
        "status": name.removeprefix("order_"),
        "payment_status": "authorized",
        "fulfilment_status": "unfulfilled",
        "cancel_reason": "",
        "was_confirmed": False,
        "version": 0,
    }
    return OrderUpdate(**{**values, **changes})


def kes(minor: int) -> Amount:
    return Amount(minor, "KES")


def an_order(**changes: Any) -> MailOrder:
    lines = (
        MailLine("Kiondo basket", "KIO-1", 2, kes(129900), kes(259800)),
        MailLine("Coffee AA, 500 g", "COF-5", 1, kes(85000), kes(85000)),
    )
    totals = {
        "subtotal": kes(344800),
        "discount": kes(0),
        "shipping": kes(35000),
        "tax": kes(0),
        "duty": kes(0),
        "tax_included": kes(47559),
        "total": kes(379800),
    }
    values: dict[str, Any] = {
        "id": an_id("ord"),
        "number": "4821-7730-1",
        "account_id": "",
        "email": "buyer@soko.example",
        "locale": "en",
        "lines": lines,
        "totals": totals,
        "shipping_address": PostalAddress(
            "Sample Buyer", "Moi Avenue 12", "", "Nairobi", "", "00100", "KE", ""
        ),
    }
    return MailOrder(**{**values, **changes})


def a_subject(kind: str = "order_confirmed", locale: str = "en", **changes: Any) -> MailSubject:
    values: dict[str, Any] = {
        "kind": kind,
        "locale": locale,
        "name": "Sample Buyer",
        "order": an_order(),
    }
    return MailSubject(**{**values, **changes})


def a_link_update(request_id: str, kind: str = "password_reset") -> LinkUpdate:
    return LinkUpdate(an_id("evt"), f"{kind}_requested", NOON, request_id)


def a_link(**changes: Any) -> MintedLink:
    values: dict[str, Any] = {
        "token": "secret",
        "life": timedelta(minutes=30),
        "email": "buyer@soko.example",
        "locale": "en",
    }
    return MintedLink(**{**values, **changes})


def a_link_subject(kind: str = "password_reset", locale: str = "en") -> LinkSubject:
    return LinkSubject(kind, locale, "https://shop.example/x#token=secret", timedelta(hours=24))
