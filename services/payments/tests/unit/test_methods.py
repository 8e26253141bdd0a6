"""Which ways to pay there are for a currency, a country and an amount."""

import pytest
from pydantic import ValidationError

from payments.app.methods import Methods
from payments.domain.errors import MethodUnavailable
from payments.providers import make_providers
from payments.settings import PaymentsSettings
from services.payments.tests.fakes import MemoryEvents

STRIPE = {"stripe_secret_key": "sk_test_1", "stripe_webhook_secret": "whsec_1"}
MPESA = {
    "mpesa_consumer_key": "key",
    "mpesa_consumer_secret": "secret",
    "mpesa_short_code": "174379",
    "mpesa_passkey": "passkey",
    "mpesa_initiator": "api",
    "mpesa_security_credential": "credential",
}


@pytest.fixture
async def methods():
    made = []

    def make(**settings) -> Methods:
        chosen = PaymentsSettings(secret="a secret for tests that is long enough", **settings)
        made.append(make_providers(chosen, MemoryEvents()))
        return made[-1].methods

    yield make
    for providers in made:
        for close in providers.close:
            await close()


def types(methods, currency="", country=""):
    return [method.type for method in methods.available(currency, country)]


async def test_what_is_not_set_up_is_not_offered(methods):
    assert types(methods()) == ["cash_on_delivery"]
    assert types(methods(cash_on_delivery_enabled=False, **STRIPE)) == ["stripe"]


async def test_methods_are_for_currencies_and_countries(methods):
    made = methods(**STRIPE, **MPESA, cash_on_delivery_countries="KE, UG")
    assert types(made) == ["stripe", "mpesa", "cash_on_delivery"]
    assert types(made, "KES", "KE") == ["stripe", "mpesa", "cash_on_delivery"]
    assert types(made, "USD", "KE") == ["stripe", "cash_on_delivery"]
    assert types(made, "KES", "US") == ["stripe"]
    assert types(made, "KWD", "US") == []
    assert types(methods(**STRIPE, stripe_currencies="EUR,usd"), "USD", "") == [
        "stripe",
        "cash_on_delivery",
    ]
    assert types(methods(**STRIPE, stripe_currencies="EUR,usd"), "KES", "") == ["cash_on_delivery"]


@pytest.mark.parametrize(("amount_minor", "currency"), [(150, "KES"), (100, "USD")])
async def test_m_pesa_takes_whole_shillings(methods, amount_minor, currency):
    mpesa = methods(**MPESA).of_type("mpesa")
    mpesa.check_amount(100, "KES")
    with pytest.raises(MethodUnavailable):
        mpesa.check_amount(amount_minor, currency)


@pytest.mark.parametrize(
    "settings",
    [{"stripe_secret_key": "sk_test_1"}, {**MPESA, "mpesa_passkey": ""}],
)
def test_half_a_provider_does_not_start(settings):
    with pytest.raises(ValidationError, match="needs SOKO_"):
        PaymentsSettings(secret="a secret for tests that is long enough", **settings)
