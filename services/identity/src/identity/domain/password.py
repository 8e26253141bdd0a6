"""Which passwords are taken."""

from __future__ import annotations

import unicodedata

from identity.domain.common_passwords import COMMON_PASSWORDS
from identity.domain.errors import ValidationFailed, WeakPassword

MIN_LENGTH = 8
MAX_LENGTH = 128


def normalized(password: str) -> str:
    """Return the form that is hashed: NFKC, as NIST SP 800-63B-4 (3.1.1.2) recommends.

    Keyboards and systems write the same characters in different ways.
    """
    return unicodedata.normalize("NFKC", password)


def is_possible(password: str) -> bool:
    """Tell whether a text can be any account's password at all."""
    return MIN_LENGTH <= len(password) <= MAX_LENGTH


def require_acceptable(password: str, email: str, *, pointer: str = "/password") -> None:
    """Raise ValidationFailed for a wrong length and WeakPassword for an easy guess.

    ``pointer`` is the JSON pointer to the member that holds the password.
    """
    if not is_possible(password):
        raise ValidationFailed(
            [(pointer, f"It must have {MIN_LENGTH} to {MAX_LENGTH} characters.")]
        )
    guess = normalized(password).casefold()
    address = email.strip().casefold()
    if guess in COMMON_PASSWORDS or guess in {address, address.partition("@")[0]}:
        raise WeakPassword(pointer)
