"""Identity with two login providers, each a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from chassis.database import Database
from devstack.testing import eventually
from identity.settings import IdentitySettings
from services.identity.tests.integration.conftest import Client
from services.identity.tests.integration.external_login.issuers import (
    Browser,
    Issuer,
    start_issuer,
)


@pytest.fixture(scope="session")
def issuer_processes() -> Iterator[dict[str, Issuer]]:
    started = {name: start_issuer(name) for name in ("honest", "other")}
    yield started
    for issuer in started.values():
        issuer.process.kill()
        issuer.process.wait()


@pytest.fixture
async def issuers(issuer_processes: dict[str, Issuer]) -> dict[str, Issuer]:
    for issuer in issuer_processes.values():
        await eventually(issuer.answers, timeout_s=20)
    return issuer_processes


@pytest.fixture
def honest(issuers: dict[str, Issuer]) -> Issuer:
    return issuers["honest"]


@pytest.fixture
def settings(settings: IdentitySettings, issuers: dict[str, Issuer]) -> IdentitySettings:
    listed = [issuer.settings for issuer in issuers.values()]
    return settings.model_copy(update={"oauth_providers": SecretStr(json.dumps(listed))})


@pytest.fixture
def browser(client: Client, db: Database) -> Browser:
    return Browser(client, db)
