"""How long logins have to wait after others failed.

Failures are counted in three places. What is left of the count shrinks by one every ``forgets_s``
seconds; beyond ``free`` each failure doubles the wait, from a second up to ``longest_s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """The rule of one place."""

    free: int
    forgets_s: int
    longest_s: int


NAME_AT_ADDRESS = Backoff(free=10, forgets_s=600, longest_s=900)
"""One name, tried from one address: a person who forgot, or a program that guesses."""

ADDRESS = Backoff(free=200, forgets_s=12, longest_s=60)
"""All names from one address, behind which there may be many people."""

NAME = Backoff(free=100, forgets_s=36, longest_s=60)
"""One name from everywhere: the most that can be tried against it, some hundred an hour."""

REMEMBERED = timedelta(days=90)
"""How long the address of a successful login is remembered. From there only the name's own failures
at that address count: strangers cannot lock an owner out of where the owner usually is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who says who they are; the name need not exist."""

    email_key: str
    client: str
    """The address that they come from (``client_key``); empty if it is not known."""
