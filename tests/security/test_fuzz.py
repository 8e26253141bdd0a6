"""Whatever is sent, every operation keeps its contract: generated requests as guest, as somebody
who sells and buys, and as admin. ``./soko fuzz`` sends more of them."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.marketplace import PASSWORD, Account, Marketplace, bearer
from tests.e2e.stack import Stack
from tests.security.callers import People
from tests.security.table import OPENAPI
from tests.security.things import Things

EXAMPLES = int(os.environ.get("SOKO_FUZZ_EXAMPLES", "4"))
"""Requests for each operation, caller, and kind (fitting the schema, and not)."""
SEED = int(os.environ.get("SOKO_FUZZ_SEED", "2026"))
TOKENS_LAST_S = 300
ENDS_OWN_SESSION = re.compile(r"POST /v1/auth/logout$")
"""Asked as a guest only: every later request of an account would be a 401."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def operations(*, forged: bool) -> dict[str, Any]:
    """Return schemathesis' operations by name, with generated credentials if ``forged``."""
    options = {"generation": {"with-security-parameters": forged}}
    schema = schemathesis.openapi.from_dict(
        json.loads(OPENAPI.read_text()), config=schemathesis.Config.from_dict(options)
    )
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in found}


AS_GUEST, AS_ACCOUNT = operations(forged=True), operations(forged=False)
DELETING_LAST = sorted(AS_GUEST, key=lambda name: name.startswith("DELETE"))


@dataclass
class Fuzzer:
    """Who asks, what there is to ask for, and what was answered."""

    url: str
    accounts: dict[str, Account]
    ids: dict[str, str]
    seller_id: str
    session: requests.Session = field(default_factory=requests.Session)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    credentials: dict[str, dict[str, str]] = field(init=False)
    logged_in_at: float = field(init=False, default=-math.inf)

    def renew_credentials(self) -> None:
        """Log in again before access tokens expire: a long run outlives them."""
        if time.monotonic() - self.logged_in_at < TOKENS_LAST_S:
            return
        self.credentials = {"guest": {}}
        for caller, account in self.accounts.items():
            login = {"email": account.email, "password": PASSWORD}
            answer = self.session.post(f"{self.url}/v1/auth/login", json=login)
            self.credentials[caller] = bearer(answer.json()["access_token"])
        self.logged_in_at = time.monotonic()

    def path_parameters(self, path: str) -> dict[str, str] | None:
        """Return what is there for the names in a path."""
        known = dict(self.ids)
        if path.startswith("/v1/sellers/"):
            known["id_or_slug"] = self.seller_id
        return {name: known[name] for name in re.findall(r"{(\w+)}", path) if name in known} or None

    def fuzz(self, name: str, caller: str, mode: GenerationMode) -> None:
        """Send generated requests of one kind."""
        operation = (AS_ACCOUNT if self.credentials[caller] else AS_GUEST)[name]
        fitting = mode is GenerationMode.POSITIVE
        cases = operation.as_strategy(
            generation_mode=mode,
            path_parameters=self.path_parameters(operation.path) if fitting else None,
        )

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def send(case: Any) -> None:
            self._check(name, caller, case)

        try:
            send()
        except Unsatisfiable:
            assert not fitting, "every operation has a request that fits"

    def _check(self, name: str, caller: str, case: Any) -> None:
        headers = self.credentials[caller]
        answer = case.call(base_url=self.url, session=self.session, headers=headers)
        self.statuses[answer.status_code] += 1
        access = case.operation.definition.raw["x-soko-access"]
        guarded = access["who"] in ("account", "signature") or "guest_token" in access
        if caller == "guest" and guarded and answer.status_code < 300:
            self.faults.append(f"generated credentials are taken: {case.as_curl_command()}")
        # What a guest's token opens is not there with a wrong one: 404, no 401.
        hidden = access["who"] == "optional" and "guest_token" in access
        try:
            case.validate_response(
                answer,
                checks=CHECKS if hidden else [*CHECKS, ignored_auth],
                headers=headers,
                transport_kwargs={"base_url": self.url, "headers": headers},
            )
        except BaseExceptionGroup as failed:
            self.faults.append(f"{caller}: {failed}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fuzzer(stack: Stack, market: Marketplace, people: People) -> Fuzzer:
    """A trader who owns a seller, and has bought of it."""
    trader, seller_id = await market.open_seller()
    admin = await market.login(people.accounts["admin"])
    accounts = {"owner": trader, "buyer": trader, "admin": admin}
    own = People(accounts, "", seller_id, seller_id, people.category_id)
    things = Things(stack, market, own, fresh=False)
    cart, _ = await things.cart("buyer")
    order, _ = await things.order("buyer")
    product = await things.product()
    ids = {
        "cart_id": cart["id"],
        "item_id": cart["items"][0]["id"],
        "order_id": order["id"],
        "product_id": product.id,
        "id_or_slug": product.id,
        "variant_id": (await things.spare_variant())["id"],
        "media_id": (await things.media())["id"],
        "shipment_id": (await things.shipment())["id"],
        "payment_id": await things.waiting_payment(),
        "notification_id": await things.notification(),
        "account_id": (await things.stranger()).id,
        "user_id": (await things.member()).id,
        "category_id": await things.category(),
        "rule_id": await things.commission_rule(),
        "api_key_id": await things.api_key("buyer"),
    }
    return Fuzzer(stack.url, {"trader": trader, "admin": admin}, ids, seller_id)


@pytest.mark.parametrize("name", DELETING_LAST)
def test_no_request_breaks_the_contract(fuzzer: Fuzzer, name: str) -> None:
    fuzzer.faults.clear()
    fuzzer.renew_credentials()
    for caller in fuzzer.credentials:
        if caller == "guest" or not ENDS_OWN_SESSION.match(name):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                fuzzer.fuzz(name, caller, mode)
    assert not fuzzer.faults, f"{len(fuzzer.faults)} faults:\n" + "\n".join(fuzzer.faults[:3])


def test_the_requests_reached_more_than_refusals(fuzzer: Fuzzer) -> None:
    """The generator would find nothing if everything ended at the door."""
    counts = fuzzer.statuses
    # Shown with -s.
    print(f"{len(AS_GUEST)} operations, {counts.total()} requests: {dict(counts)}")  # noqa: T201
    done = sum(count for status, count in counts.items() if 200 <= status < 300)
    assert done > counts.total() / 20
    assert not any(status >= 500 for status in counts)
