"""``./soko audit`` on a stack that is being used, and on one at rest."""

import asyncio
import itertools
import json
import subprocess
from typing import Any

import pytest

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, Product
from tests.e2e.stack import Stack

TOKENS = ("tok_success", "tok_declined", "tok_success", "tok_async", "tok_error", "tok_timeout")


async def buy_on(market: Marketplace, product: Product, enough: asyncio.Event) -> int:
    """Check out in every way that there is, until it is enough; return how often."""
    for count, token in enumerate(itertools.cycle(TOKENS)):
        if enough.is_set():
            return count
        cart = await market.cart((product.variant_id, 1 + count % 2))
        answer = await market.checkout(cart, method={"type": "sandbox", "token": token})
        assert answer.status_code in {201, 202, 402, 409}, answer.text
        if answer.status_code == 201 and count % 4 == 0:
            cancelled = await market.client.post(
                f"/v1/orders/{answer.json()['id']}/cancel",
                json={"reason": "changed my mind"},
                headers={"X-Order-Token": answer.json()["token"], "Idempotency-Key": cart["id"]},
            )
            assert cancelled.status_code == 200, cancelled.text
    raise AssertionError("unreachable")


async def audited(stack: Stack, *arguments: str) -> dict[str, Any]:
    """Return the report; fail when the command could not run."""
    process = await asyncio.create_subprocess_exec(
        *stack.command("audit", "--json", *arguments),
        env=stack.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode in {0, 1}, err
    report: dict[str, Any] = json.loads(out)
    assert report["ok"] is (process.returncode == 0)
    return report


@pytest.mark.parametrize("quiet", ["0", "2"])
async def test_an_audit_during_checkouts_finds_nothing(
    stack: Stack,
    market: Marketplace,
    seller: tuple[Account, str],
    category: str,
    quiet: str,
) -> None:
    owner, seller_id = seller
    product = await market.product(owner, seller_id, category, on_hand=10_000)
    enough = asyncio.Event()
    buyers = [asyncio.create_task(buy_on(market, product, enough)) for _ in range(6)]
    try:
        reports = [await audited(stack, "--quiet", quiet) for _ in range(3)]
    finally:
        enough.set()
        bought = await asyncio.gather(*buyers)
    assert [report["findings"] for report in reports] == [[], [], []]
    assert sum(bought) > len(buyers)
    assert reports[-1]["checked"]["confirmed_orders_paid"] > 0

    async def trusted_again() -> bool:
        # So many time-outs open the provider's circuit breaker, which others should not meet.
        cart = await market.cart((product.variant_id, 1))
        return (await market.checkout(cart)).status_code == 201

    await eventually(trusted_again, timeout_s=30)


async def test_operators_and_admins_read_the_last_audit(
    stack: Stack, market: Marketplace, admin: Account, buyer: Account
) -> None:
    report = await audited(stack)
    operator = await market.staff("operator")
    for account in (admin, operator):
        answer = await market.client.get("/v1/ops/audit", headers=account.headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == report
    assert (await market.client.get("/v1/ops/audit")).status_code == 401
    refused = await market.client.get("/v1/ops/audit", headers=buyer.headers)
    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_an_audit_of_nothing_says_that_it_could_not_run(tmp_path: Any) -> None:
    stack = Stack(tmp_path)
    ran = subprocess.run(
        stack.command("audit", "--json"), env=stack.environ, capture_output=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert b"not running" in ran.stderr
