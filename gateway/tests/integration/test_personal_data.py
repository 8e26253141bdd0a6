"""The export of an account's data: streamed, whole or not at all."""

import httpx
import orjson
import pytest

from chassis.errors import unavailable
from chassis.ids import format_id, new_id
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import payment_pb2
from soko.privacy.v1 import personal_data_pb2 as pb

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = format_id("ord", new_id())


def record(kind, **members):
    return pb.PersonalRecord(kind=kind, id=members["id"], json=orjson.dumps(members))


def pages(running, later):
    """Let identity, orders and notifications answer: all the same, told apart by their cursors."""

    def answer(request, _metadata):
        if not request.cursor:
            return pb.ListPersonalDataResponse(
                records=[record("account", id="usr_1", name="Sample")], next_cursor="1:"
            )
        return later(request)

    running.services.answers["ListPersonalData"] = answer


async def test_an_export_is_one_document_of_all_pages(running):
    pages(
        running,
        lambda _: pb.ListPersonalDataResponse(records=[record("order", id=ORDER, number="7")]),
    )
    running.services.answers["ListPayments"] = lambda request, _metadata: (
        payment_pb2.ListPaymentsResponse(
            payments=[
                payment_pb2.Payment(
                    id="pay_1", order_id=request.order_id, amount=Money(amount_minor=1)
                )
            ]
        )
    )
    headers = running.issuer.bearer()
    answer = await running.client.post("/v1/me/export", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    document = answer.json()
    assert document["account_id"].startswith("usr_")
    for service in ("identity", "orders", "notifications"):
        account, order = document[service]
        assert account == {"kind": "account", "id": "usr_1", "name": "Sample"}
        assert (order["kind"], order["number"]) == ("order", "7")
        assert [each["order_id"] for each in order["payments"]] == [ORDER]
    for call in running.services.got("ListPersonalData"):
        assert call.metadata["authorization"] == headers["Authorization"]
    for call in running.services.got("ListPayments"):
        assert call.metadata["soko-service"] == "gateway-itself"


async def test_without_a_service_there_is_no_export(running):
    def away(_request, _metadata):
        raise unavailable("orders")

    running.services.answers["ListPersonalData"] = away
    answer = await running.client.post("/v1/me/export", headers=running.issuer.bearer())
    assert answer.status_code == 503


async def test_an_export_that_breaks_off_is_no_document(running):
    def away(_request):
        raise unavailable("orders")

    pages(running, away)
    with pytest.raises(httpx.RemoteProtocolError):
        await running.client.post("/v1/me/export", headers=running.issuer.bearer())


async def test_a_guest_has_nothing_to_export(running):
    assert (await running.client.post("/v1/me/export")).status_code == 401
