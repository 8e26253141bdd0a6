"""The providers that the settings switch on, put together for bootstrap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chassis.clock import SystemClock
from payments.adapters.daraja import Daraja, DarajaAccount
from payments.adapters.guarded_provider import GuardedProvider
from payments.adapters.json_http import JsonHttp
from payments.adapters.mpesa import MpesaProvider
from payments.adapters.mpesa_callbacks import CallbackUrls
from payments.adapters.sandbox import SandboxProvider
from payments.app.methods import Method, Methods
from payments.app.ports import SandboxBuyer
from payments.app.webhooks import ProviderEvents, WebhookVerifier
from payments.settings import PaymentsSettings, listed


@dataclass
class Providers:
    """Who moves money here, and what has to be closed in the end."""

    methods: Methods
    verifiers: dict[str, WebhookVerifier] = field(default_factory=dict)
    sandbox: SandboxBuyer | None = None
    close: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


def make_providers(settings: PaymentsSettings, events: ProviderEvents) -> Providers:
    """Construct the providers; call it on the event loop that will use them."""
    methods: dict[str, Method] = {}
    made = Providers(Methods(methods))
    if settings.sandbox:
        http = JsonHttp(settings.sandbox_target)
        made.close.append(http.close)
        made.sandbox = sandbox = SandboxProvider(http)
        methods["sandbox"] = Method("sandbox", "Sandbox", GuardedProvider(sandbox))
    if settings.stripe_secret_key.get_secret_value():
        _add_stripe(settings, made, methods)
    if settings.mpesa_consumer_key.get_secret_value():
        _add_mpesa(settings, made, methods, events)
    if settings.cash_on_delivery_enabled:
        methods["cash_on_delivery"] = Method(
            "cash_on_delivery",
            "Cash on delivery",
            None,
            countries=listed(settings.cash_on_delivery_countries),
        )
    made.methods = Methods(methods)
    return made


def _add_stripe(settings: PaymentsSettings, made: Providers, methods: dict[str, Method]) -> None:
    # Its library is large; only those who use it load it.
    from payments.adapters.stripe import StripeAccount, StripeProvider
    from payments.adapters.stripe_amounts import NOT_TAKEN
    from payments.adapters.stripe_webhooks import StripeWebhooks

    stripe = StripeProvider(
        StripeAccount(
            secret_key=settings.stripe_secret_key.get_secret_value(),
            api_base=settings.stripe_api_base,
            return_url=settings.stripe_return_url or settings.public_url,
            manual_capture=settings.stripe_capture == "manual",
        )
    )
    made.close.append(stripe.close)
    made.verifiers["stripe"] = StripeWebhooks(settings.stripe_webhook_secret.get_secret_value())
    methods["stripe"] = Method(
        "stripe",
        "Card",
        GuardedProvider(stripe),
        currencies=listed(settings.stripe_currencies),
        refused_currencies=NOT_TAKEN,
    )


def _add_mpesa(
    settings: PaymentsSettings,
    made: Providers,
    methods: dict[str, Method],
    events: ProviderEvents,
) -> None:
    http = JsonHttp(settings.mpesa_api_base)
    made.close.append(http.close)
    account = DarajaAccount(
        consumer_key=settings.mpesa_consumer_key.get_secret_value(),
        consumer_secret=settings.mpesa_consumer_secret.get_secret_value(),
        short_code=settings.mpesa_short_code,
        passkey=settings.mpesa_passkey.get_secret_value(),
        initiator=settings.mpesa_initiator,
        security_credential=settings.mpesa_security_credential.get_secret_value(),
    )
    now = SystemClock().now
    urls = CallbackUrls(settings.public_url, *settings.secrets)
    mpesa = MpesaProvider(Daraja(http, account, now), urls, events, now)
    made.verifiers["mpesa"] = urls
    methods["mpesa"] = Method(
        "mpesa",
        "M-Pesa",
        GuardedProvider(mpesa),
        currencies=frozenset({"KES"}),
        countries=frozenset({"KE"}),
    )
