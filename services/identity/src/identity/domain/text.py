"""What every text field has to keep: bounds, and no control characters."""

from __future__ import annotations

import unicodedata

from identity.domain.errors import Violation


def line_violations(pointer: str, text: str, *, longest: int) -> list[Violation]:
    """Return what is wrong with a text of one line that must not be empty."""
    if not text.strip():
        return [(pointer, "It must not be empty.")]
    if len(text) > longest:
        return [(pointer, f"It must have at most {longest} characters.")]
    if any(unicodedata.category(char) == "Cc" for char in text):
        return [(pointer, "Control characters are not allowed.")]
    return []
