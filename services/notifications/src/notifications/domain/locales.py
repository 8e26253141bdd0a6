"""Languages that texts exist in."""

from __future__ import annotations

import re

SUPPORTED = ("en", "sw", "fr", "ar")
DEFAULT = "en"
_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?![A-Za-z])")
_RIGHT_TO_LEFT = frozenset({"ar"})


def exist_in(wish: str) -> bool:
    """Tell whether texts exist in a wished-for language."""
    found = _PRIMARY.match(wish)
    return found is not None and found[1].lower() in SUPPORTED


def choose(*wishes: str) -> str:
    """Return the first wished-for language that texts exist in, else the default.

    A wish is a BCP 47 tag such as ``fr-CA``, or an Accept-Language value, whose first tag counts;
    only the primary language matters. Empty and unknown wishes are passed over.
    """
    for wish in wishes:
        if exist_in(wish):
            return wish.strip()[:2].lower()
    return DEFAULT


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr`` as HTML's dir attribute takes it."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
