"""Stripe and Daraja beside a stack, as processes; the stack is told where they are."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx

from simulators.daraja import DarajaSimulator
from simulators.stripe import StripeSimulator


class SimulatedProviders:
    """Both simulators; their defaults are the accounts that the stack gets."""

    def __init__(self, public_url: str) -> None:
        self._webhooks = f"{public_url}/v1/webhooks/payments/stripe"
        self.urls = {name: f"http://127.0.0.1:{_free_port()}" for name in ("stripe", "daraja")}
        self._processes: list[subprocess.Popen[bytes]] = []
        stripe, daraja = StripeSimulator(), DarajaSimulator()
        self.webhook_secret = stripe.webhook_secret
        self.environ = {
            "SOKO_STRIPE_SECRET_KEY": stripe.secret_key,
            "SOKO_STRIPE_WEBHOOK_SECRET": stripe.webhook_secret,
            "SOKO_STRIPE_API_BASE": self.urls["stripe"],
            "SOKO_MPESA_CONSUMER_KEY": daraja.consumer_key,
            "SOKO_MPESA_CONSUMER_SECRET": daraja.consumer_secret,
            "SOKO_MPESA_SHORT_CODE": daraja.short_code,
            "SOKO_MPESA_PASSKEY": daraja.passkey,
            "SOKO_MPESA_INITIATOR": "api",
            "SOKO_MPESA_SECURITY_CREDENTIAL": "credential",
            "SOKO_MPESA_API_BASE": self.urls["daraja"],
        }

    def start(self) -> None:
        for name, url in self.urls.items():
            command = [sys.executable, "-m", "simulators", name, url.rpartition(":")[2]]
            self._processes.append(subprocess.Popen([*command, self._webhooks]))

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    async def buyers(self, name: str, *, pay: bool) -> None:
        """Let everybody whom a provider asks to pay do so, or refuse."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.urls[name]}/_buyer", json={"pays": pay})
            assert answer.status_code == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
