"""How many units may be held before they are paid: by a cart, an account or a guests' address."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from chassis.addresses import client_key
from orders.app.ports import Holder, Unpaid
from orders.domain.errors import ReservationLimit

_TOLD = 20
"""How many orders a refusal names."""


class ReservationCap:
    """Says who holds what a checkout reserves, and refuses what is too much; 0 for any number.

    Holders are known by keyed hashes: they tell nobody who bought from where.
    """

    def __init__(
        self, secret: str, *, per_cart: int = 0, per_account: int = 0, per_address: int = 0
    ) -> None:
        self._key = hashlib.sha256(b"soko-unpaid-holder\0" + secret.encode()).digest()
        self._per_cart = per_cart
        self._per_account = per_account
        self._per_address = per_address

    def check_cart(self, units: int) -> None:
        """Raise ReservationLimit for more units than one cart may hold."""
        if self._per_cart and units > self._per_cart:
            raise ReservationLimit(per="cart", most=self._per_cart, requested=units)

    def holder(self, account_id: str, client_address: str) -> Holder | None:
        """Return who holds what is bought: the account, or for guests who shares the address.

        None if nobody counts it.
        """
        if account_id:
            return self._holder("account", account_id, self._per_account)
        return self._holder("address", client_key(client_address), self._per_address)

    def check_room(self, holder: Holder, unpaid: Sequence[Unpaid], units: int) -> None:
        """Raise ReservationLimit, with what is held and until when, if units find no room.

        Guests who share an address are not told of each other's orders.
        """
        held = sum(each.units for each in unpaid)
        if held + units <= holder.most:
            return
        told: dict[str, object] = {"held": held}
        if unpaid:
            told["ends_at"] = _text(unpaid[0])
        if holder.per == "account":
            told["orders"] = [
                {"id": each.order_id, "units": each.units, "expires_at": _text(each)}
                for each in unpaid[:_TOLD]
            ]
        raise ReservationLimit(per=holder.per, most=holder.most, requested=units, **told)

    def _holder(self, per: str, name: str, most: int) -> Holder | None:
        if not (name and most):
            return None
        mac = hmac.digest(self._key, f"{per}\0{name}".encode(), "sha256")
        return Holder(int.from_bytes(mac[:8], "big", signed=True), per, most)


def _text(unpaid: Unpaid) -> str:
    return unpaid.expires_at.isoformat(timespec="seconds").replace("+00:00", "Z")
