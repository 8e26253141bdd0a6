"""To whom carts and orders are shown: a part of the statements that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. What belongs to another account is not there for it.

    What belongs to no account is there for everybody: its guest's token is proven afterwards.
    """

    account_id: str = ""
    """TypeID; empty for guests and services."""
    everything: bool = False


EVERYTHING: Final = Reader(everything=True)
"""For our own workers."""


def reader_of_carts(actor: Actor) -> Reader:
    """Return to whom a cart is shown: nobody sees another's, whatever the role."""
    return Reader(actor.account_id)


def reader_of_orders(actor: Actor) -> Reader:
    """Return to whom an order is shown; services, operators and admins see all."""
    return Reader(actor.account_id, everything=actor.kind == "service" or actor.is_staff)
