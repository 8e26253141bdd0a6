"""How a payment divides among the lines of its order, frozen when it is authorized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from payments.domain.errors import SplitsDoNotAddUp

MAX_AMOUNT_MINOR = 2**53 - 1
ALL_BPS = 10_000
"""The whole in basis points."""
_FUNDERS = frozenset({"seller", "platform"})


@dataclass(frozen=True, slots=True)
class Split:
    """One line's share, in minor units; ids are TypeIDs as their owners write them."""

    line_id: str
    seller_order_id: str
    seller_id: str
    category_id: str
    quantity: int
    goods_minor: int
    discount_minor: int = 0
    discount_funder: str = ""
    shipping_minor: int = 0
    tax_minor: int = 0
    duty_minor: int = 0
    commission_bps: int = 0
    """The platform's commission on what the seller earns, in basis points."""
    commission_tax_bps: int = 0
    """Tax on the commission, in basis points of it."""

    @property
    def amount_minor(self) -> int:
        """What the buyer pays for the line."""
        return (
            self.goods_minor
            - self.discount_minor
            + self.shipping_minor
            + self.tax_minor
            + self.duty_minor
        )

    @property
    def promo_minor(self) -> int:
        """What the platform adds because it funds the discount."""
        return self.discount_minor if self.discount_funder == "platform" else 0

    @property
    def seller_minor(self) -> int:
        """What the seller earns: a discount that the platform funds does not lower it."""
        return self.goods_minor + self.shipping_minor - self.discount_minor + self.promo_minor


def check_splits(splits: Sequence[Split], amount_minor: int) -> None:
    """Raise SplitsDoNotAddUp unless the shares are possible and sum to the amount."""
    if not 0 <= amount_minor <= MAX_AMOUNT_MINOR:
        raise SplitsDoNotAddUp("the amount is negative or beyond 2^53 - 1")
    lines: set[str] = set()
    total = 0
    for split in splits:
        _check_split(split)
        lines.add(split.line_id)
        total += split.amount_minor
    if len(lines) != len(splits):
        raise SplitsDoNotAddUp("a line has two shares")
    if total != amount_minor:
        raise SplitsDoNotAddUp(f"the shares sum to {total}, the amount is {amount_minor}")


def _check_split(split: Split) -> None:
    if not (split.line_id and split.seller_id) or split.quantity < 1:
        raise SplitsDoNotAddUp("a share names its line, its seller and at least one unit")
    parts = (split.goods_minor, split.discount_minor, split.shipping_minor)
    if min(*parts, split.tax_minor, split.duty_minor) < 0 or split.seller_minor < 0:
        raise SplitsDoNotAddUp(f"a part of the share of {split.line_id} is negative")
    if split.amount_minor < 0:
        raise SplitsDoNotAddUp(f"the share of {split.line_id} is negative")
    if split.discount_minor and split.discount_funder not in _FUNDERS:
        raise SplitsDoNotAddUp(f"nobody funds the discount of {split.line_id}")
