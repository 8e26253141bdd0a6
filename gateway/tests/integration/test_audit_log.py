"""Reading the audit log: admins only, filtered, page by page."""

from datetime import UTC, datetime

import pytest

from chassis.errors import unavailable
from soko.audit.v1 import log_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/admin/audit-log"


def entries(*ids):
    found = [
        log_pb2.AuditLogEntry(
            id=each,
            act="roles_changed",
            outcome="succeeded",
            actor="usr_1",
            subject="usr_2",
            address="192.0.2.7",
            detail_json='{"after": ["operator"]}',
        )
        for each in ids
    ]
    for entry in found:
        entry.at.FromDatetime(datetime(2026, 11, 21, tzinfo=UTC))
    return log_pb2.ListEntriesResponse(entries=found)


def answer_in_turn(running, *pages):
    """Let identity and payments answer with a page each, in whatever order they are asked."""
    left = list(pages)
    running.services.answers["ListEntries"] = lambda _request, _metadata: entries(
        *(left.pop(0) if left else ())
    )


async def test_an_admin_reads_who_did_what(running, make_id):
    older, newer = sorted(make_id("aud") for _ in range(2))
    answer_in_turn(running, [newer, older])
    answer = await running.client.get(PATH, headers=running.issuer.bearer("admin"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    first, second = answer.json()["items"]
    assert answer.json()["next_cursor"] is None
    assert (first.pop("id"), second["id"]) == (newer, older)
    assert first == {
        "at": "2026-11-21T00:00:00Z",
        "act": "roles_changed",
        "outcome": "succeeded",
        "actor": "usr_1",
        "session": "",
        "subject": "usr_2",
        "address": "192.0.2.7",
        "trace_id": "",
        "detail": {"after": ["operator"]},
    }


async def test_entries_of_all_services_stand_in_the_order_of_their_time(running, make_id):
    ids = sorted((make_id("aud") for _ in range(7)), reverse=True)
    answer_in_turn(running, ids[::2], ids[1::2])
    answer = await running.client.get(PATH, headers=running.issuer.bearer("admin"))
    assert [item["id"] for item in answer.json()["items"]] == ids
    answer_in_turn(running, ids[:2], ids[2:4])
    answer = await running.client.get(
        PATH, params={"limit": 2}, headers=running.issuer.bearer("admin")
    )
    assert [item["id"] for item in answer.json()["items"]] == ids[:2]
    assert answer.json()["next_cursor"]


@pytest.mark.parametrize("roles", [(), ("operator",), ("moderator",)])
async def test_nobody_else_reads_it(running, roles):
    answer = await running.client.get(PATH, headers=running.issuer.bearer(*roles))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await running.client.get(PATH)).status_code == 401
    assert not running.services.got("ListEntries")


async def test_filters_and_cursors_reach_the_services(running, make_id):
    pages = [make_id("aud") for _ in range(2)]
    account = make_id("usr")
    answer_in_turn(running, sorted(pages, reverse=True))
    headers = running.issuer.bearer("admin")
    wanted = {
        "account": account,
        "act": "roles_changed",
        "since": "2026-11-20T00:00:00+03:00",
        "until": "2026-11-21T00:00:00Z",
        "limit": 2,
    }
    first = (await running.client.get(PATH, params=wanted, headers=headers)).json()
    await running.client.get(
        PATH, params={**wanted, "cursor": first["next_cursor"]}, headers=headers
    )
    one, *_, two = (call.request for call in running.services.got("ListEntries"))
    assert (one.account_id, one.act, one.limit, one.before) == (account, "roles_changed", 2, "")
    assert one.since.ToDatetime(UTC) == datetime(2026, 11, 19, 21, tzinfo=UTC)
    assert two.before == min(pages)
    other = await running.client.get(PATH, params={"cursor": first["next_cursor"]}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    "params",
    [
        {"account": "me"},
        {"act": "Roles-Changed"},
        {"since": "yesterday"},
        {"since": "2026-11-20T00:00:00"},
        {"limit": 0},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": "1970-01-01T00:00:00+00:01"},
        {"until": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_wrong_filters_are_refused(running, params):
    answer = await running.client.get(PATH, params=params, headers=running.issuer.bearer("admin"))
    assert answer.status_code == 422, answer.text
    assert not running.services.got("ListEntries")


async def test_a_service_that_is_away_is_named(running):
    def away(_request, _metadata):
        raise unavailable("identity")

    running.services.answers["ListEntries"] = away
    answer = await running.client.get(PATH, headers=running.issuer.bearer("admin"))
    assert (answer.status_code, answer.json()["service"]) == (503, "identity")
