"""Order numbers: random, so that they tell nothing, with a check character for the telephone.

Eleven random characters of Crockford's base32 (https://www.crockford.com/base32.html, without the
easily mistaken I, L, O and U) and a check character by the Luhn mod N algorithm with N = 32
(https://en.wikipedia.org/wiki/Luhn_mod_N_algorithm), which finds every single wrong character and
most neighbours that changed places. 55 random bits; the database refuses a number used before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {char: value for value, char in enumerate(_ALPHABET)}
_RANDOM_LENGTH: Final = 11
_GROUP: Final = 4
RANDOM_BYTES: Final = 7


def order_number(random_bytes: Callable[[int], bytes]) -> str:
    """Return a new number such as ``7K2M-9XQ4-TB3C``; ``random_bytes(n)`` gives n random bytes."""
    bits = int.from_bytes(random_bytes(RANDOM_BYTES), "big")
    body = "".join(_ALPHABET[bits >> 5 * index & 31] for index in range(_RANDOM_LENGTH))
    text = body + _check_character(body)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def is_order_number(number: str) -> bool:
    """Tell whether a number, with or without its hyphens, was copied without a mistake."""
    text = number.replace("-", "").upper()
    if len(text) != _RANDOM_LENGTH + 1 or any(char not in _VALUES for char in text):
        return False
    return _check_character(text[:-1]) == text[-1]


def _check_character(body: str) -> str:
    base = len(_ALPHABET)
    total = 0
    factor = 2
    for char in reversed(body):
        addend = factor * _VALUES[char]
        total += addend // base + addend % base
        factor = 3 - factor
    return _ALPHABET[-total % base]
