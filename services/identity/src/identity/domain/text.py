"""What every text field has to keep: bounds, and no control characters."""

from __future__ import annotations

import re
import unicodedata

from identity.domain.errors import Violation

_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories of controls and of separators of lines and paragraphs."""
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Bidirectional embeddings, overrides and isolates: a name with them can look like another one.
The marks that Arabic and Hebrew names may need (LRM, RLM, ALM) are not among them."""


def line_violations(pointer: str, text: str, *, longest: int) -> list[Violation]:
    """Return what is wrong with a text of one line that must not be empty."""
    if not text.strip():
        return [(pointer, "It must not be empty.")]
    if len(text) > longest:
        return [(pointer, f"It must have at most {longest} characters.")]
    if _REORDERING.search(text) or any(unicodedata.category(char) in _UNSEEN for char in text):
        return [(pointer, "Control characters are not allowed.")]
    return []
