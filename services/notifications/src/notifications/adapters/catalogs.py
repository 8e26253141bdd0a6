"""Texts per language, read from one TOML file each.

A key that a language lacks is taken from English. Values are ``str.format`` patterns of our own;
what users wrote is only ever a parameter and is not looked into.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from notifications.domain import locales
from notifications.domain.notices import Notice


@cache
def catalog(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return a language's texts by section and key."""
    text = resources.files("notifications.adapters").joinpath(f"locales/{language}.toml")
    own: dict[str, dict[str, str]] = tomllib.loads(text.read_text(encoding="utf-8"))
    if language == locales.DEFAULT:
        return own
    fallback = catalog(locales.DEFAULT)
    return {section: {**texts, **own.get(section, {})} for section, texts in fallback.items()}


class CatalogNoticeTexts:
    """NoticeTexts from the catalogs."""

    def title(self, notice: Notice, locale: str) -> str:
        """Return the entry's title."""
        return _text(notice, locale, "title")

    def body(self, notice: Notice, locale: str) -> str:
        """Return the entry's text."""
        return _text(notice, locale, "body")


def _text(notice: Notice, locale: str, part: str) -> str:
    texts = catalog(locale).get(f"inbox_{notice.kind}", {})
    return texts.get(part, notice.kind).format_map(notice.params)
