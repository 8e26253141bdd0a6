"""What ``./soko reconcile`` prints."""

import json

import pytest

from devstack.reconcile_command import show
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import bookkeeping_pb2 as pb

MISSING = pb.Difference(
    kind="missing_here",
    movement="capture",
    movement_id="pi_1",
    theirs=Money(amount_minor=1299, currency="KES"),
)
DIFFERS = pb.Difference(
    kind="amount_differs",
    movement="refund",
    movement_id="re_1",
    order_id="ord_01jejcbnq7e1ttsnmyy7ayx742",
    subject_id="rfd_01jejcbnq7e1ttsnmyy7ayx742",
    ours=Money(amount_minor=400, currency="KES"),
    theirs=Money(amount_minor=500, currency="KES"),
    status="succeeded",
)


def test_each_difference_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = pb.ReconcileResponse(theirs=7, ours=6, differences=[MISSING, DIFFERS])
    show("stripe", found, as_json=False)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.split() == [
        *("missing_here", "capture", "-", "ours", "-", "theirs", "1299", "KES", "pi_1")
    ]
    assert second.split()[2:7] == [DIFFERS.order_id, "ours", "400", "KES", "succeeded"]
    assert last.startswith("2 or more differences between stripe's 7 movements and our 6, ")


def test_books_that_agree_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    show("stripe", pb.ReconcileResponse(theirs=6, ours=6, complete=True), as_json=False)
    assert capsys.readouterr().out.startswith("No difference between stripe's 6 movements")


def test_the_document_is_the_one_of_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    found = pb.ReconcileResponse(theirs=7, ours=6, differences=[MISSING, DIFFERS], complete=True)
    show("stripe", found, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["checked"] == {"theirs": 7, "ours": 6}
    assert document["items"][0] == {
        "kind": "missing_here",
        "movement": "capture",
        "movement_id": "pi_1",
        "theirs": {"amount_minor": 1299, "currency": "KES"},
    }
    assert document["items"][1]["ours"] == {"amount_minor": 400, "currency": "KES"}
