"""Each promise, broken in a real database, is found broken there and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from auditor.findings import Finding
from tests.audit.conftest import Deployment
from tests.audit.events_plants import EVENTS
from tests.audit.money_plants import MONEY
from tests.audit.orders_plants import ORDERS
from tests.audit.planting import BLOCK, Block, Plant
from tests.audit.population import PACKAGES
from tests.audit.stock_plants import STOCK

MAKERS = (*STOCK, *ORDERS, *MONEY, *EVENTS)
PLANTS = tuple(make(Block(BLOCK * (number + 1))) for number, make in enumerate(MAKERS))


@pytest.fixture(scope="module")
def findings(deployment: Deployment) -> Sequence[Finding]:
    """What one audit finds when everything is spoilt at once, each in other orders."""
    for service in PACKAGES:
        statements = [text for planted in PLANTS for text in planted.spoilt.get(service, ())]
        # Constraints are dropped first: no row may be changed before.
        deployment.spoil(
            service, *sorted(statements, key=lambda text: text[:4] not in {"ALTE", "DROP"})
        )
    return asyncio.run(deployment.audit()).findings


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name)
def test_a_planted_violation_is_found_with_its_subject(
    findings: Sequence[Finding], planted: Plant
) -> None:
    found = {(each.promise.name, each.subject_id): each for each in findings}
    assert planted.found <= found.keys(), [each.document() for each in findings]
    for where in planted.found:
        assert found[where].explanation
        assert found[where].promise.repair


def test_nothing_else_is_found(findings: Sequence[Finding]) -> None:
    planted = set().union(*(planted.found for planted in PLANTS))
    assert {(each.promise.name, each.subject_id) for each in findings} == planted


async def test_every_promise_is_planted_against(sound: Deployment) -> None:
    report = await sound.audit()
    assert {name for planted in PLANTS for name, _ in planted.found} == report.promises.keys()
