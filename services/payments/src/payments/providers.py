"""The providers that the settings switch on, put together for bootstrap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from payments.adapters.guarded_provider import GuardedProvider
from payments.adapters.json_http import JsonHttp
from payments.adapters.sandbox import SandboxProvider
from payments.app.methods import Method, Methods
from payments.app.ports import SandboxBuyer
from payments.app.webhooks import ProviderEvents, WebhookVerifier
from payments.settings import PaymentsSettings


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
    if settings.cash_on_delivery_enabled:
        methods["cash_on_delivery"] = Method("cash_on_delivery", "Cash on delivery", None)
    made.methods = Methods(methods)
    return made
