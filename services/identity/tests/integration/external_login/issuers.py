"""Issuers of identities as processes, people who have accounts there, and their browsers."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from chassis.database import Database
from chassis.ids import new_id
from services.identity.tests.builders import make_email
from services.identity.tests.integration.conftest import Client, Person
from simulators.oidc import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI
from soko.identity.v1 import account_pb2
from soko.identity.v1 import external_login_pb2 as pb

USER_AGENT = "Browser/1.0"


@dataclass
class Issuer:
    """A simulator as a process; its name is the provider's."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    @property
    def settings(self) -> dict[str, str]:
        """What an operator would write."""
        return {
            "name": self.name,
            "issuer": self.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI.format(name=self.name),
        }

    async def expect(self, **plan: Any) -> None:
        """Say who logs in next, and what goes wrong then."""
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{self.url}/_next", json=plan)).status_code == 200

    async def answers(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"{self.url}/jwks")).status_code == 200
            except httpx.TransportError:
                return False


def start_issuer(name: str) -> Issuer:
    """Start one; who waits for ``answers`` can use it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "simulators", "oidc", str(port), name]
    return Issuer(name, f"http://127.0.0.1:{port}", subprocess.Popen(command))


async def visit(begun: pb.BegunLogin) -> dict[str, str]:
    """Go where a begun login leads and return what the browser is sent back with."""
    async with httpx.AsyncClient() as browser:
        page = await browser.get(begun.authorization_url)
    assert page.status_code == 302, page.text
    back = urlsplit(page.headers["location"])
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def answer_to(begun: pb.BegunLogin, provider: str, **changes: str) -> pb.ProviderAnswer:
    """Go there and return the answer that finishes it, with some members changed."""
    back = await visit(begun)
    members = {
        "provider": provider,
        "code": back["code"],
        "state": back["state"],
        "issuer": back["iss"],
        "client_token": begun.client_token,
    }
    return pb.ProviderAnswer(**{**members, **changes})


class Browser:
    """A client that logs in with providers."""

    def __init__(self, client: Client, db: Database) -> None:
        self.client = client
        self.rpc = client.external
        self._db = db

    async def owner(self) -> Person:
        """Return a new account whose address is verified."""
        person = await self.client.person()
        verify = "UPDATE account SET email_verified_at = now() WHERE email = %(email)s"
        await self._db.execute(verify, {"email": person.email})
        return person

    async def begin(self, provider: str = "honest", by: Person | None = None) -> pb.BegunLogin:
        if by is None:
            request = pb.BeginExternalLoginRequest(provider=provider)
            return (await self.client.call(self.rpc.BeginExternalLogin, request)).begun
        link = pb.BeginLinkRequest(provider=provider)
        return (await self.client.call(self.rpc.BeginLink, link, by)).begun

    async def finish(self, answer: pb.ProviderAnswer, code: str = "") -> str:
        """Return the new session's access token; ``code`` is one of a second factor."""
        request = pb.FinishExternalLoginRequest(
            answer=answer, totp_code=code, user_agent=USER_AGENT
        )
        return (await self.client.call(self.rpc.FinishExternalLogin, request)).tokens.access_token

    async def finish_link(self, answer: pb.ProviderAnswer, by: Person) -> pb.ExternalIdentity:
        request = pb.FinishLinkRequest(answer=answer)
        return (await self.client.call(self.rpc.FinishLink, request, by)).identity

    async def log_in(self, provider: str = "honest", **changes: str) -> str:
        return await self.finish(await answer_to(await self.begin(provider), provider, **changes))

    async def link(self, by: Person, provider: str = "honest") -> pb.ExternalIdentity:
        begun = await self.begin(provider, by)
        return await self.finish_link(await answer_to(begun, provider), by)

    async def unlink(self, by: Person | str, provider: str = "honest") -> None:
        request = pb.UnlinkIdentityRequest(provider=provider)
        await self.client.call(self.rpc.UnlinkIdentity, request, by)

    async def linked(self, by: Person | str) -> list[str]:
        answer = await self.client.call(self.rpc.ListIdentities, pb.ListIdentitiesRequest(), by)
        return [each.provider for each in answer.identities]

    async def me(self, by: Person | str) -> account_pb2.Account:
        answer = await self.client.call(self.client.accounts.GetMe, account_pb2.GetMeRequest(), by)
        return answer.account


def somebody(**changes: Any) -> dict[str, Any]:
    """Return the claims of a person whom nobody has seen yet."""
    return {
        "sub": new_id().hex,
        "email": make_email(),
        "email_verified": True,
        "name": "Sample",
        **changes,
    }


async def accounts_of(db: Database, email: str) -> int:
    rows = await db.fetch_all("SELECT id FROM account WHERE email = %(email)s", {"email": email})
    return len(rows)
