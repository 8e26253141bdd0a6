"""Whether countries, currencies and time zones exist."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from chassis.iso import is_country, is_currency
from identity.domain.errors import Violation


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones() | {"UTC"})


def country_violations(country: str) -> list[Violation]:
    """Return what is wrong with a country."""
    if is_country(country):
        return []
    return [("/country", "This is no ISO 3166-1 alpha-2 country code.")]


def currency_violations(currency: str) -> list[Violation]:
    """Return what is wrong with a currency."""
    if is_currency(currency):
        return []
    return [("/currency", "This is no ISO 4217 currency code.")]


def timezone_violations(timezone: str) -> list[Violation]:
    """Return what is wrong with a time zone."""
    if timezone in _timezones():
        return []
    return [("/timezone", "This is no IANA time zone.")]
