"""An account reads its own records, page by page, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import orjson
import pytest

from chassis import context as request_context
from chassis import personal_data
from chassis.actor import Actor
from chassis.context import RequestContext
from chassis.database import Database
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from chassis.personal_data import PersonalDataServicer, Section
from soko.privacy.v1 import personal_data_pb2 as pb

SECTIONS = (
    Section(
        "thing",
        """
SELECT id, account_id AS owner_id, words, jsonb_build_array(jsonb_build_object(
    'parent_id', id, 'none_id', NULL)) AS parts
FROM thing WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "thg", "owner_id": "usr", "parent_id": "thg", "none_id": "thg"},
    ),
    Section(
        "nothing",
        """
SELECT id FROM thing
WHERE account_id = %(account_id)s AND id > %(after)s AND false ORDER BY id LIMIT %(limit)s
""",
        {"id": "thg"},
    ),
    Section(
        "word",
        """
SELECT id, words FROM thing
WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "thg"},
    ),
)


@contextmanager
def calling(actor: Actor) -> Iterator[None]:
    token = request_context.enter(RequestContext(actor=actor))
    try:
        yield
    finally:
        request_context.leave(token)


async def records(servicer: PersonalDataServicer, account_id: UUID) -> list[pb.PersonalRecord]:
    """Return all records of an account, page by page."""
    found: list[pb.PersonalRecord] = []
    cursor = ""
    with calling(Actor(kind="account", account_id=format_id("usr", account_id))):
        while True:
            request = pb.ListPersonalDataRequest(cursor=cursor)
            page = await servicer.ListPersonalData(request, None)
            found += page.records
            cursor = page.next_cursor
            if not cursor:
                return found


@pytest.fixture
async def servicer(db: Database) -> PersonalDataServicer:
    await db.execute(
        "CREATE TABLE IF NOT EXISTS thing (id uuid PRIMARY KEY, account_id uuid, words text)"
    )
    return PersonalDataServicer(db, SECTIONS)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 11])
async def test_every_record_comes_once_whatever_the_pages(
    servicer: PersonalDataServicer, db: Database, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(personal_data, "_PAGE", 5)
    mine, other = new_id(), new_id()
    ids = sorted(new_id() for _ in range(count))
    for key, owner in [*((each, mine) for each in ids), (new_id(), other)]:
        await db.execute(
            "INSERT INTO thing VALUES (%(id)s, %(owner)s, 'jambo')", {"id": key, "owner": owner}
        )
    found = await records(servicer, mine)
    names = [format_id("thg", each) for each in ids]
    assert [(each.kind, each.id) for each in found] == [
        *(("thing", name) for name in names),
        *(("word", name) for name in names),
    ]
    for each in found[:count]:
        assert orjson.loads(each.json) == {
            "id": each.id,
            "owner_id": format_id("usr", mine),
            "words": "jambo",
            "parts": [{"parent_id": each.id, "none_id": None}],
        }


@pytest.mark.parametrize("actor", [Actor(), Actor(kind="service", service="gateway-itself")])
async def test_only_an_account_may_ask(servicer: PersonalDataServicer, actor: Actor) -> None:
    with calling(actor), pytest.raises(ServiceError) as refused:
        await servicer.ListPersonalData(pb.ListPersonalDataRequest(), None)
    assert refused.value.kind == "unauthenticated"


@pytest.mark.parametrize("cursor", ["x", "9:", "-1:", "0:x", ":", "1:0:0"])
async def test_a_cursor_that_is_none_of_ours_is_refused(
    servicer: PersonalDataServicer, cursor: str
) -> None:
    actor = Actor(kind="account", account_id=format_id("usr", new_id()))
    with calling(actor), pytest.raises(ServiceError) as refused:
        await servicer.ListPersonalData(pb.ListPersonalDataRequest(cursor=cursor), None)
    assert refused.value.code == "invalid_cursor"
