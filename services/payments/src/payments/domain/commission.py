"""Which commission the platform takes: rules per seller and category, and one for all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from payments.domain.errors import CommissionRuleInvalid
from payments.domain.splits import ALL_BPS, Split


@dataclass(frozen=True, slots=True)
class CommissionRule:
    """Rates in basis points; an empty seller or category means any."""

    id: UUID
    seller_id: str
    category_id: str
    rate_bps: int
    """Of what the seller earns with a line."""
    tax_bps: int
    """Tax on the commission, of the commission."""

    def check(self) -> None:
        """Raise CommissionRuleInvalid for rates that leave the seller less than nothing."""
        if not (0 <= self.rate_bps <= ALL_BPS and 0 <= self.tax_bps <= ALL_BPS):
            raise CommissionRuleInvalid("rates are 0 to 10000 basis points")
        if self.rate_bps * (ALL_BPS + self.tax_bps) > ALL_BPS**2:
            raise CommissionRuleInvalid("commission and its tax are more than the whole")


class RuleBook:
    """The rules as they are now: the more a rule says, the sooner it is taken."""

    def __init__(self, rules: Iterable[CommissionRule], default: CommissionRule) -> None:
        self._rules = {(rule.seller_id, rule.category_id): rule for rule in rules}
        self._default = default

    def rule_for(self, seller_id: str, category_id: str) -> CommissionRule:
        """Return the rule of a seller's category, else the seller's, the category's, the last."""
        for key in ((seller_id, category_id), (seller_id, ""), ("", category_id)):
            if key in self._rules:
                return self._rules[key]
        return self._rules.get(("", ""), self._default)

    def freeze(self, splits: Sequence[Split]) -> tuple[Split, ...]:
        """Return lines with the rates that will be theirs, whatever becomes of the rules."""
        return tuple(self._freeze(split) for split in splits)

    def _freeze(self, split: Split) -> Split:
        rule = self.rule_for(split.seller_id, split.category_id)
        return replace(split, commission_bps=rule.rate_bps, commission_tax_bps=rule.tax_bps)
