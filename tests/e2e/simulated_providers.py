"""Stripe, Daraja and an issuer of identities beside a stack, as processes that it is told of."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import httpx

from simulators.daraja import DarajaSimulator
from simulators.oidc import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI
from simulators.stripe import StripeSimulator

ISSUER = "work"
"""The name of the login provider."""


class SimulatedProviders:
    """The simulators; their defaults are the accounts that the stack gets."""

    def __init__(self, public_url: str) -> None:
        self._details = {
            "stripe": f"{public_url}/v1/webhooks/payments/stripe",
            "daraja": "",
            "oidc": ISSUER,
        }
        self.urls = {name: f"http://127.0.0.1:{_free_port()}" for name in self._details}
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
            "SOKO_OAUTH_REDIRECT_URI": REDIRECT_URI.replace("{name}", "{provider}"),
            "SOKO_OAUTH_PROVIDERS": json.dumps(
                [
                    {
                        "name": ISSUER,
                        "issuer": self.urls["oidc"],
                        "client_id": CLIENT_ID,
                        "client_secret": CLIENT_SECRET,
                    }
                ]
            ),
        }

    def start(self) -> None:
        for name, url in self.urls.items():
            command = [sys.executable, "-m", "simulators", name, url.rpartition(":")[2]]
            self._processes.append(subprocess.Popen([*command, self._details[name]]))

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    async def log_in_next(self, **claims: object) -> None:
        """Say who comes to the issuer's page next."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.urls['oidc']}/_next", json={"user": claims})
            assert answer.status_code == 200

    async def buyers(self, name: str, *, pay: bool) -> None:
        """Let everybody whom a provider asks to pay do so, or refuse."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{self.urls[name]}/_buyer", json={"pays": pay})
            assert answer.status_code == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
