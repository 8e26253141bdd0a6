"""What text may look like: the rules that more than one thing's fields obey."""

from __future__ import annotations

import re
import unicodedata

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_LENGTH = 120
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LINE_BREAKS = "\n\r\t"


def is_slug(text: str) -> bool:
    """Tell whether a text may stand in an address: a-z, 0-9 and single hyphens inside."""
    return len(text) <= SLUG_LENGTH and SLUG.fullmatch(text) is not None


def derive_slug(text: str, fallback: str) -> str:
    """Return a slug made of a text's Latin letters and digits, or the fallback if it has none."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", folded).strip("-")[: SLUG_LENGTH - 20].strip("-") or fallback


def line_problem(text: str, longest: int, *, shortest: int = 0) -> str | None:
    """Return what is wrong with a single line of text, None if nothing is."""
    if not shortest <= len(text) <= longest:
        return f"must have {shortest} to {longest} characters"
    if any(_is_control(char) for char in text):
        return "must not have control characters"
    if shortest and not text.strip():
        return "must not be blank"
    return None


def prose_problem(text: str, longest: int) -> str | None:
    """Return what is wrong with a text of many lines, None if nothing is."""
    if len(text) > longest:
        return f"must have at most {longest} characters"
    if any(_is_control(char) for char in text if char not in _LINE_BREAKS):
        return "must not have control characters"
    return None


def _is_control(char: str) -> bool:
    return char < " " or "\x7f" <= char <= "\x9f"
