from tests.audit.conftest import ORDERS, Deployment


async def test_a_sound_deployment_has_no_findings(sound: Deployment) -> None:
    report = await sound.audit()
    assert [finding.document() for finding in report.findings] == []
    assert report.ok
    assert report.checked["confirmed_orders_paid"] == ORDERS
    assert report.checked["ledger_balances"] > 2 * ORDERS
    assert report.checked["events_delivered"] > 3 * ORDERS
