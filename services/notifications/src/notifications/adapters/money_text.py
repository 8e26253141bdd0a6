"""Amounts of money as people read them.

babel gives each language's pattern and symbols; the digits after the decimal point come from our
ISO 4217 table, because babel's (CLDR's) round some currencies to what cash is handed out in.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.numbers import NumberPattern, get_currency_symbol

from chassis.iso import CURRENCY_EXPONENTS
from notifications.domain.mail import Amount

_SPACE = "\N{NO-BREAK SPACE}"
_DEFAULT_EXPONENT = 2


@cache
def babel_locale(language: str) -> Locale:
    """Return babel's data of a language."""
    return Locale.parse(language)


@cache
def _pattern(language: str, currency: str) -> tuple[NumberPattern, int]:
    locale = babel_locale(language)
    pattern = copy.copy(locale.currency_formats["standard"])
    exponent = CURRENCY_EXPONENTS.get(currency, _DEFAULT_EXPONENT)
    pattern.frac_prec = (exponent, exponent)
    symbol = get_currency_symbol(currency, locale=locale)
    # CLDR asks for a space between letters and digits ("KES 5"), which babel does not put there.
    if symbol[-1:].isalpha():
        before, negative = pattern.prefix
        pattern.prefix = (_spaced(before), _spaced(negative))
    return pattern, exponent


def _spaced(prefix: str) -> str:
    return prefix + _SPACE if prefix.endswith("¤") else prefix


def money_text(amount: Amount, language: str) -> str:
    """Return an amount in a language, such as ``1 299,50 €``, exact to the minor unit."""
    pattern, exponent = _pattern(language, amount.currency)
    text: str = pattern.apply(
        Decimal(amount.minor).scaleb(-exponent),
        babel_locale(language),
        currency=amount.currency,
        currency_digits=False,
    )
    return text
