"""Seller orders that reached the buyer: some time later their seller may have its part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from payments.domain.allocation import share_of_units
from payments.domain.ledger import LineParts
from payments.domain.splits import ALL_BPS, Split


@dataclass(frozen=True, slots=True)
class Commission:
    """What the platform kept of one line, in minor units."""

    line_id: str
    commission_minor: int
    commission_tax_minor: int


@dataclass(slots=True)
class Delivery:
    """A seller order that was delivered."""

    seller_order_id: str
    delivered_at: datetime
    release_at: datetime
    """When the time to complain is over."""
    released_at: datetime | None = None
    collected: bool = False
    """Whether the courier's cash for it was posted."""
    commissions: tuple[Commission, ...] = ()

    def release(self, lines: Sequence[LineParts], now: datetime) -> None:
        """Note what was kept of lines; what comes free later is added."""
        kept = {each.line_id: each for each in self.commissions}
        for line in lines:
            before = kept.get(line.line_id, Commission(line.line_id, 0, 0))
            kept[line.line_id] = Commission(
                line.line_id,
                before.commission_minor + line.commission_minor,
                before.commission_tax_minor + line.commission_tax_minor,
            )
        self.commissions = tuple(kept[line_id] for line_id in sorted(kept))
        self.released_at = self.released_at or now


def less_commission(line: LineParts, split: Split) -> LineParts:
    """Return a line's parts with the commission on the seller's part, half up.

    The commission's tax never takes more than what the commission leaves.
    """
    fee = share_of_units(line.seller_minor, split.commission_bps, ALL_BPS)
    tax = share_of_units(fee, split.commission_tax_bps, ALL_BPS)
    return replace(
        line,
        commission_minor=fee,
        commission_tax_minor=min(tax, line.seller_minor - fee),
    )


def released_lines(
    deliveries: Iterable[Delivery], splits: Sequence[Split]
) -> dict[str, Commission]:
    """Return what was kept of each line that was released."""
    released = {each.seller_order_id: each for each in deliveries if each.released_at is not None}
    found = {
        split.line_id: Commission(split.line_id, 0, 0)
        for split in splits
        if split.seller_order_id in released
    }
    for delivery in released.values():
        found.update({each.line_id: each for each in delivery.commissions})
    return found
