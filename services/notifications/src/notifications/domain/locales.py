"""Languages that texts exist in."""

from __future__ import annotations

SUPPORTED = ("en", "sw", "fr", "ar")
DEFAULT = "en"
_RIGHT_TO_LEFT = frozenset({"ar"})


def choose(*wishes: str) -> str:
    """Return the first wished-for language that texts exist in, else the default.

    A wish is a BCP 47 tag such as ``fr-CA``; only its primary language counts. Empty wishes are
    passed over.
    """
    for wish in wishes:
        language = wish.replace("_", "-").partition("-")[0].strip().lower()
        if language in SUPPORTED:
            return language
    return DEFAULT


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr`` as HTML's dir attribute takes it."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
