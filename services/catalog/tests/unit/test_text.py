"""Slugs."""

import pytest

from catalog.domain.text import derive_slug, is_slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Café au Lait!", "cafe-au-lait"),
        ("  --  ", "fallback"),
        ("日本茶", "fallback"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_slug_is_made_of_a_title(text: str, slug: str) -> None:
    assert derive_slug(text, "fallback") == slug
    assert is_slug(derive_slug(text, "fallback"))


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a_b", "a\x00", "x" * 121])
def test_other_text_is_no_slug(text: str) -> None:
    assert not is_slug(text)
