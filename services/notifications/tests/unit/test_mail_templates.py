import re

import pytest

from notifications.adapters.catalogs import catalog
from notifications.adapters.mail_templates import MailTemplates
from notifications.adapters.money_text import money_text
from notifications.domain import locales
from notifications.domain.mail import Amount, MailLine, PostalAddress
from notifications.domain.notices import CREDENTIAL_MAILS
from services.notifications.tests.builders import a_link_subject, a_subject, an_order, kes

RENDERER = MailTemplates()
KINDS = [
    "order_confirmed",
    "order_cancelled",
    "order_refunded",
    "order_items_cancelled",
    "shipment_created",
    "shipment_delivered",
]


def plain(text: str) -> str:
    return re.sub("[\u00a0\u202f]", " ", text).replace("\u200f", "")


@pytest.mark.parametrize(
    ("locale", "subject", "total"),
    [
        ("en", "Order 4821-7730-1 is confirmed", "KES 3,798.00"),
        ("sw", "Oda 4821-7730-1 imethibitishwa", "Ksh 3,798.00"),
        ("fr", "La commande 4821-7730-1 est confirmée", "3 798,00 KES"),
        ("ar", "تم تأكيد الطلب 4821-7730-1", "3,798.00 KES"),
    ],
)
def test_a_confirmation_tells_lines_totals_number_and_address(locale, subject, total):
    mail = RENDERER.render(a_subject(locale=locale))
    assert mail.subject == subject
    for body in (plain(mail.text), plain(mail.html)):
        assert total in body
        assert "4821-7730-1" in body
        assert "Kiondo basket" in body
        assert "Moi Avenue 12" in body
        assert "00100 Nairobi" in body


@pytest.mark.parametrize("locale", locales.SUPPORTED)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_exists_in_every_language(kind, locale):
    mail = RENDERER.render(a_subject(kind, locale, refund=kes(5000)))
    assert "{" not in mail.subject + mail.text
    assert f'lang="{locale}"' in mail.html


@pytest.mark.parametrize("locale", locales.SUPPORTED)
@pytest.mark.parametrize(
    ("kind", "life"), [("password_reset", "1440"), ("email_verification", "24")]
)
def test_a_link_and_its_life_stand_in_every_language(kind, life, locale):
    mail = RENDERER.render_link(a_link_subject(kind, locale))
    assert "{" not in mail.subject + mail.text
    for body in (mail.text, mail.html):
        assert "https://shop.example/x#token=secret" in body
        assert life in body
    assert f'lang="{locale}"' in mail.html


@pytest.mark.parametrize("kind", ["shipment_created", "shipment_delivered"])
def test_a_parcel_is_named_by_carrier_and_number(kind):
    mail = RENDERER.render(a_subject(kind, parcel="posta\nKE1"))
    assert "posta KE1" in mail.text
    assert "posta KE1" in mail.html


def test_every_language_has_its_own_words_for_every_key():
    english = catalog("en")
    for language in set(locales.SUPPORTED) - {"en"}:
        own = catalog(language)
        for section in english:
            same = {k for k, v in english[section].items() if own[section][k] == v}
            assert same <= {"sku", "total", "other"}, (language, section, same)


def test_arabic_runs_from_right_to_left_and_has_its_plural_forms():
    def units(count: int) -> str:
        line = MailLine("Kikoi", "K", count, kes(100), kes(100 * count))
        return RENDERER.render(a_subject(locale="ar", order=an_order(lines=(line,)))).text

    assert 'dir="rtl"' in RENDERER.render(a_subject(locale="ar")).html
    assert "منتج واحد" in units(1)
    assert "منتجان" in units(2)
    assert "5 منتجات" in units(5)
    assert "11 منتجًا" in units(11)
    assert "100 منتج" in units(100)


def test_hostile_names_and_titles_stay_text():
    evil = '<script>alert("1")</script>{{ 7*7 }}{number}'
    order = an_order(
        lines=(MailLine(evil, evil, 1, kes(1), kes(1)),),
        shipping_address=PostalAddress(evil, evil, "", "Nairobi", "", "", "KE", evil),
    )
    mail = RENDERER.render(a_subject(name=evil, order=order))
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "49" not in mail.html.replace("4821-7730-1", "")
    assert "{number}" in mail.html


def test_line_breaks_and_direction_overrides_of_strangers_are_taken_out():
    name = "Eve\r\nTotal: KES 0.00\u2028x\u202egnp"
    mail = RENDERER.render(a_subject(name=name))
    assert "Hello Eve Total: KES 0.00 xgnp," in mail.text
    assert not re.search("[\u2028\u202e]", mail.text + mail.html)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (129900, "KES", "KES 1,299.00"),
        (1299, "JPY", "¥1,299"),
        (1299001, "KWD", "KWD 1,299.001"),
        (1299001, "IQD", "IQD 1,299.001"),
        (129901, "LBP", "LBP 1,299.01"),
        (-150, "USD", "-$1.50"),
        (2**53 - 1, "EUR", "€90,071,992,547,409.91"),
        (5, "EUR", "€0.05"),
    ],
)
def test_amounts_have_the_digits_of_iso_4217(minor, currency, text):
    assert plain(money_text(Amount(minor, currency), "en")) == text


def test_totals_of_nothing_are_left_out_and_discounts_are_negative():
    order = an_order()
    totals = {**order.totals, "discount": kes(10000), "shipping": kes(0)}
    mail = RENDERER.render(a_subject(order=an_order(totals=totals)))
    assert "Shipping:" not in mail.text
    assert "Discount: -KES 100.00" in plain(mail.text)


def test_an_order_without_an_address_is_told_without_one():
    mail = RENDERER.render(a_subject(name="", order=an_order(shipping_address=None)))
    assert "Shipping address" not in mail.text
    assert "\nHello,\n" in mail.text


@pytest.mark.parametrize("locale", locales.SUPPORTED)
@pytest.mark.parametrize("kind", sorted(CREDENTIAL_MAILS))
def test_a_warning_is_told_in_every_language(kind, locale):
    mail = RENDERER.render_warning(kind, locale)
    assert "{" not in mail.subject + mail.text
    assert mail.subject in mail.text
    assert mail.subject in mail.html
    assert f'lang="{locale}"' in mail.html
    others = {RENDERER.render_warning(kind, other).subject for other in locales.SUPPORTED}
    assert len(others) == len(locales.SUPPORTED)
