"""Full-text search: how text becomes words, and how a query finds them.

The words are made here and not by a text search configuration of the database, so that documents
and queries are treated alike whatever extensions the database has: compatibility forms folded,
accents removed, lower case, split at everything that is no letter or digit. Scripts without spaces
between words (Han, Kana, Thai...) are cut into overlapping pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

MAX_QUERY_WORDS = 8
MAX_WORD_LENGTH = 40
_MAX_POSITION = 16_383
"""The last position that a tsvector knows."""
_MAX_WORDS = 2_000
_PREFIX_LENGTH = 3
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)


def words(text: str) -> list[str]:
    """Return the words of a text, in order."""
    folded = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in folded if not unicodedata.combining(char)).lower()
    found: list[str] = []
    for match in _WORD.finditer(plain):
        found.extend(_cut(match[0]))
    return found


def _cut(word: str) -> Iterable[str]:
    if word.isascii() or not (run := _UNSPACED.search(word)):
        yield word[:MAX_WORD_LENGTH]
        return
    if run.start():
        yield word[: run.start()][:MAX_WORD_LENGTH]
    unspaced = run[0]
    if len(unspaced) == 1:
        yield unspaced
    for index in range(len(unspaced) - 1):
        yield unspaced[index : index + 2]
    if run.end() < len(word):
        yield from _cut(word[run.end() :])


def search_vector(parts: Sequence[tuple[str, str]]) -> str:
    """Return weighted texts as a tsvector literal; parts pair a weight (A to D) with a text.

    The form is that of https://www.postgresql.org/docs/18/datatype-textsearch.html; words hold only
    letters and digits, so nothing needs escaping.
    """
    places: dict[str, list[str]] = {}
    position = 0
    for weight, text in parts:
        for word in words(text)[:_MAX_WORDS]:
            position = min(position + 1, _MAX_POSITION)
            marks = places.setdefault(word, [])
            if len(marks) < 8:
                marks.append(f"{position}{weight}")
    return " ".join(f"'{word}':{','.join(marks)}" for word, marks in places.items())


@lru_cache(maxsize=2048)
def search_query(text: str) -> str:
    """Return a query for all words of a text as a tsquery literal, empty if it has no words.

    Words of three or more characters match every word that begins with them.
    """
    return join_query([[word] for word in query_words(text)])


def query_words(text: str) -> list[str]:
    """Return the words that a query is made of, at most eight."""
    return list(dict.fromkeys(words(text)))[:MAX_QUERY_WORDS]


def join_query(alternatives: Sequence[Sequence[str]]) -> str:
    """Return a tsquery literal that wants one of each group of words."""
    groups = ["|".join(_term(word) for word in group) for group in alternatives]
    return "&".join(f"({group})" if "|" in group else group for group in groups)


def _term(word: str) -> str:
    return f"'{word}':*" if len(word) >= _PREFIX_LENGTH else f"'{word}'"


def trigrams(word: str) -> list[str]:
    """Return the distinct three-character pieces of a word, padded as pg_trgm does."""
    padded = f"  {word} "
    return sorted({padded[index : index + 3] for index in range(len(padded) - 2)})


def distance(first: str, second: str, limit: int) -> int:
    """Return how many letters must be changed, added, removed or swapped with their neighbour.

    This is the optimal string alignment distance; above ``limit`` any number above it may come.
    """
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, char in enumerate(first, 1):
        two_before, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            swapped = i > 1 and j > 1 and char == second[j - 2] and first[i - 2] == other
            row.append(min(cost, two_before[j - 2] + 1) if swapped else cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def allowed_mistakes(word: str) -> int:
    """Return how many mistakes a word of this length is forgiven."""
    if len(word) < 4:
        return 0
    return 1 if len(word) < 8 else 2


def closest(word: str, candidates: Iterable[str], most: int = 5) -> list[str]:
    """Return the candidates that a misspelt word may mean, closest first.

    The beginning of a candidate may be meant too, because queries match beginnings.
    """
    limit = allowed_mistakes(word)
    scored: list[tuple[int, int, str]] = []
    for candidate in candidates:
        whole = distance(word, candidate, limit)
        start = candidate[: len(word)]
        score = min(whole, distance(word, start, limit) if len(candidate) > len(word) else whole)
        if score <= limit:
            scored.append((score, abs(len(candidate) - len(word)), candidate))
    return [candidate for _, _, candidate in sorted(scored)[:most]]
