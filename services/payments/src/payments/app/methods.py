"""Which ways to pay are switched on, and who stands behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payments.app.provider import Provider
from payments.domain.errors import MethodUnavailable

NO_PROVIDER = "none"
"""The provider of a payment of nothing."""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to pay as buyers see it; without a provider the money comes outside of us."""

    type: str
    name: str
    provider: Provider | None
    currencies: frozenset[str] = frozenset()
    """Those that it takes; empty for all but the ones it refuses."""
    refused_currencies: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    """Of the buyer (ISO 3166-1); empty for all."""

    def takes(self, currency: str, country: str) -> bool:
        """Whether it is for a currency and country; an empty one is not asked about."""
        if currency and (
            (self.currencies and currency not in self.currencies)
            or currency in self.refused_currencies
        ):
            return False
        return not (country and self.countries and country not in self.countries)

    def check_amount(self, amount_minor: int, currency: str) -> None:
        """Raise MethodUnavailable for an amount that cannot be paid so."""
        if not self.takes(currency, ""):
            raise MethodUnavailable(f"{self.name} does not take {currency}")
        step = self.provider.capabilities.amount_step if self.provider else 1
        if amount_minor % step:
            raise MethodUnavailable(f"{self.name} takes multiples of {step} minor units only")


class Methods:
    """The methods that are switched on, in the order to show them."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods
        self._providers = {
            method.provider.name: method.provider for method in methods.values() if method.provider
        }

    def of_type(self, type_: str) -> Method:
        """Return a method; raise MethodUnavailable for one that is not switched on."""
        method = self._methods.get(type_)
        if method is None:
            raise MethodUnavailable(f"payment method {type_!r} is not available")
        return method

    @property
    def providers(self) -> Sequence[Provider]:
        """All that stand behind a method."""
        return tuple(self._providers.values())

    def provider(self, name: str) -> Provider:
        """Return the provider of a payment; raise MethodUnavailable when it was switched off."""
        provider = self._providers.get(name)
        if provider is None:
            raise MethodUnavailable(f"payment provider {name!r} is not available")
        return provider

    def available(self, currency: str, country: str) -> list[Method]:
        """Return the methods for a currency and country; an empty one means any."""
        return [each for each in self._methods.values() if each.takes(currency, country)]
