"""Search: how text becomes words and what a misspelt one may mean."""

import pytest

from catalog.domain.search import (
    closest,
    distance,
    search_query,
    search_vector,
    trigrams,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crème brûlée", ["creme", "brulee"]),
        ("Wi-Fi 6E_router", ["wi", "fi", "6e", "router"]),
        ("ﬁne", ["fine"]),
        ("قميص قطني", ["قميص", "قطني"]),
        ("日本茶 green", ["日本", "本茶", "green"]),
        ("茶", ["茶"]),
        ("'; DROP -- \\ & | ! :*", ["drop"]),
        ("\x00\n", []),
    ],
)
def test_text_is_folded_and_cut_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_are_cut_to_a_length_that_the_database_takes() -> None:
    assert [len(word) for word in words("x" * 5000)] == [40]


def test_a_document_has_each_word_once_with_its_places_and_weights() -> None:
    assert search_vector([("A", "Red shirt"), ("D", "A red one")]) == (
        "'red':1A,4D 'shirt':2A 'a':3D 'one':5D"
    )


def test_a_query_wants_every_word_and_long_ones_match_beginnings() -> None:
    assert search_query("Red T shirt red") == "'red':*&'t'&'shirt':*"


def test_a_query_without_words_is_empty() -> None:
    assert search_query(" -- ") == ""


def test_a_query_has_at_most_eight_words() -> None:
    assert search_query("a b c d e f g h i j").count("&") == 7


def test_trigrams_are_padded_like_those_of_pg_trgm() -> None:
    assert trigrams("cat") == ["  c", " ca", "at ", "cat"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("kikoi", "kikoi", 0), ("kikio", "kikoi", 1), ("kiko", "kikoi", 1), ("kanga", "kikoi", 3)],
)
def test_distance_counts_mistakes(first: str, second: str, expected: int) -> None:
    assert min(distance(first, second, 2), 3) == expected


def test_the_closest_words_come_first_and_far_ones_not_at_all() -> None:
    assert closest("baskt", ["basket", "baskets", "blanket", "bask"]) == [
        "bask",
        "basket",
        "baskets",
    ]


def test_short_words_are_not_corrected() -> None:
    assert closest("cap", ["cup", "cat"]) == []
