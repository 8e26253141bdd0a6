"""Renders mails with jinja2, in text and HTML; templates are compiled once.

Importing this module costs some 12 MiB, so that it happens with the first mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from notifications.adapters.catalogs import catalog
from notifications.adapters.money_text import babel_locale, money_text
from notifications.domain import locales
from notifications.domain.mail import (
    Amount,
    LinkSubject,
    MailSubject,
    PostalAddress,
    RenderedMail,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI_CONTROL = re.compile("[\u202a-\u202e\u2066-\u2069]")
_EXTRA_TOTALS = ("discount", "shipping", "tax", "duty")


def one_line(text: str) -> str:
    """Return foreign text without line breaks, control characters and direction overrides.

    A title with a line break could pass for lines of ours in a text mail, and one with an override
    turns what follows around.
    """
    return _BIDI_CONTROL.sub("", _CONTROL.sub(" ", text)).strip()


class MailTemplates:
    """MailRenderer on the package's templates."""

    def __init__(self) -> None:
        loader = PackageLoader("notifications.adapters", "templates")
        self._html = _environment(loader, autoescape=True)
        self._text = _environment(loader, autoescape=False)

    def render(self, subject: MailSubject) -> RenderedMail:
        """Return an order's mail in the subject's language."""
        params = {
            "number": one_line(subject.order.number),
            "name": one_line(subject.name),
            "parcel": one_line(subject.parcel),
            "refund": money_text(subject.refund, subject.locale) if subject.refund else "",
        }
        texts = catalog(subject.locale)["mail"]
        greeting = texts["greeting" if params["name"] else "greeting_nameless"]
        context = {
            "greeting": greeting.format_map(params),
            "footer": texts["footer"],
            "number": params["number"],
            **_order_context(subject),
        }
        return self._mail("order", subject.kind, subject.locale, params, context)

    def render_link(self, subject: LinkSubject) -> RenderedMail:
        """Return a link's mail in the subject's language."""
        minutes = int(subject.life.total_seconds()) // 60
        params = {"minutes": str(minutes), "hours": str(minutes // 60)}
        texts = catalog(subject.locale)["mail"]
        context = {
            "greeting": texts["greeting_nameless"],
            "footer": texts["link_footer"],
            "url": subject.url,
        }
        return self._mail("link", subject.kind, subject.locale, params, context)

    def render_warning(self, kind: str, locale: str) -> RenderedMail:
        """Return a mail that says what was changed of an account."""
        texts = catalog(locale)["mail"]
        # As for links: an account's name may be somebody else's words.
        context = {"greeting": texts["greeting_nameless"], "footer": texts["account_footer"]}
        return self._mail("warning", kind, locale, {}, context)

    def _mail(
        self,
        template: str,
        kind: str,
        locale: str,
        params: Mapping[str, str],
        context: Mapping[str, object],
    ) -> RenderedMail:
        """Return what the templates make of the frame's words and a mail's own context."""
        texts = catalog(locale)
        words = {name: text.format_map(params) for name, text in texts[f"mail_{kind}"].items()}
        right_to_left = locales.direction(locale) == "rtl"
        whole = {
            "t": texts["mail"],
            "lang": locale,
            "dir": locales.direction(locale),
            "start": "right" if right_to_left else "left",
            "end": "left" if right_to_left else "right",
            **words,
            **context,
        }
        return RenderedMail(
            subject=words["subject"],
            text=self._text.get_template(f"{template}.txt.j2").render(whole),
            html=self._html.get_template(f"{template}.html.j2").render(whole),
            locale=locale,
        )


def _environment(loader: PackageLoader, *, autoescape: bool) -> Environment:
    # Nothing is escaped in plain text.
    return Environment(  # nosec B701
        loader=loader,
        autoescape=autoescape,  # noqa: S701 - off for plain text only
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _order_context(subject: MailSubject) -> dict[str, object]:
    order, language = subject.order, subject.locale

    def money(amount: Amount) -> str:
        return money_text(amount, language)

    totals = order.totals
    units = sum(line.quantity for line in order.lines)
    plural = babel_locale(language).plural_form(units)
    counts = catalog(language)["mail_items"]
    return {
        "items_text": counts.get(plural, counts["other"]).format_map({"count": units}),
        "lines": [
            {
                "title": one_line(line.title),
                "sku": one_line(line.sku),
                "quantity": line.quantity,
                "unit_price": money(line.unit_price),
                "total": money(line.line_total),
            }
            for line in order.lines
        ],
        "subtotal": money(totals["subtotal"]),
        "extras": [
            {
                "label": catalog(language)["mail"][name],
                "amount": ("-" if name == "discount" else "") + money(totals[name]),
            }
            for name in _EXTRA_TOTALS
            if totals[name].minor
        ],
        "total": money(totals["total"]),
        "tax_included": money(totals["tax_included"]) if totals["tax_included"].minor else "",
        "address": _address_lines(order.shipping_address, language),
    }


def _address_lines(address: PostalAddress | None, language: str) -> list[str]:
    if address is None:
        return []
    country = babel_locale(language).territories.get(address.country, address.country)
    place = " ".join(part for part in (address.postal_code, address.city) if part)
    lines = (address.name, address.line1, address.line2, place, address.region, country)
    return [one_line(line) for line in (*lines, address.phone) if line]
