"""What a service knows of the account that calls: sections of rows, read a page at a time.

A service says with SQL what it holds; whose rows are read is decided here, by the access token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from chassis.context import current_actor
from chassis.database import Database
from chassis.errors import malformed
from chassis.ids import format_id, parse_id
from soko.privacy.v1 import personal_data_pb2 as pb
from soko.privacy.v1 import personal_data_pb2_grpc

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of records of an account.

    ``sql`` selects the record's columns, ``id`` (uuid) among them, of ``%(account_id)s`` with an id
    greater than ``%(after)s``, ordered by id, ``%(limit)s`` at most. ``ids`` are the TypeID
    prefixes of the members, at any depth, that hold ids. No column is called ``kind``.
    """

    kind: str
    sql: str
    ids: Mapping[str, str]


class PersonalDataServicer(personal_data_pb2_grpc.PersonalDataServiceServicer):
    """Answers an account for itself."""

    def __init__(self, db: Database, sections: Sequence[Section]) -> None:
        self._db = db
        self._sections = tuple(sections)

    async def ListPersonalData(  # noqa: N802
        self, request: pb.ListPersonalDataRequest, context: Any
    ) -> pb.ListPersonalDataResponse:
        """Return a page: of one section, with a cursor that leads on to the next."""
        account_id = parse_id("usr", current_actor().require_account())
        number, after = self._position(request.cursor)
        if number == len(self._sections):
            return pb.ListPersonalDataResponse()
        section = self._sections[number]
        params = {"account_id": account_id, "after": after, "limit": _PAGE}
        rows = await self._db.fetch_all(section.sql, params)
        more = f"{number}:{rows[-1]['id']}" if len(rows) == _PAGE else f"{number + 1}:"
        return pb.ListPersonalDataResponse(
            records=[_record(section, row) for row in rows],
            next_cursor="" if more == f"{len(self._sections)}:" else more,
        )

    def _position(self, cursor: str) -> tuple[int, UUID]:
        """Return section and last id; raises ServiceError ``invalid_cursor``."""
        number, _, last = (cursor or "0:").partition(":")
        try:
            section, after = int(number), UUID(last) if last else UUID(int=0)
        except ValueError:
            section, after = -1, UUID(int=0)
        if not 0 <= section <= len(self._sections):
            raise malformed("invalid_cursor", "The cursor is not one of ours.")
        return section, after


def _record(section: Section, row: Mapping[str, Any]) -> pb.PersonalRecord:
    readable = _with_typeids(dict(row), section.ids)
    return pb.PersonalRecord(
        kind=section.kind,
        id=readable["id"],
        json=orjson.dumps(readable, option=orjson.OPT_UTC_Z),
    )


def _with_typeids(value: Any, prefixes: Mapping[str, str]) -> Any:
    """Return a value with its ids as the API shows them."""
    if isinstance(value, list):
        return [_with_typeids(each, prefixes) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: format_id(prefixes[key], UUID(str(each)))
        if key in prefixes and each is not None
        else _with_typeids(each, prefixes)
        for key, each in value.items()
    }
