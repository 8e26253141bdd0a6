"""What identity tells an account of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chassis.database import Database
from identity.adapters.personal_data import PERSONAL_DATA
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.privacy.v1 import personal_data_pb2 as pb
from soko.privacy.v1.personal_data_pb2_grpc import PersonalDataServiceStub

UNTOLD = frozenset({"password_credential", "recovery_code", "proof_tries", "begun_login"})
"""Secrets, and what guards them or lives for minutes."""


async def export(client: Client, by: Person) -> list[tuple[str, dict[str, Any]]]:
    stub, found, cursor = PersonalDataServiceStub(client.gateway.channel), [], ""
    while True:
        request = pb.ListPersonalDataRequest(cursor=cursor)
        page = await client.call(stub.ListPersonalData, request, by)
        found += [(each.kind, json.loads(each.json)) for each in page.records]
        cursor = page.next_cursor
        if not cursor:
            return found


async def test_an_account_reads_what_is_stored_of_it_and_no_secret(client: Client) -> None:
    person, other = await client.person(), await client.person()
    found = await export(client, person)
    assert [kind for kind, _ in found] == ["account", "session", "mailed_link"]
    account = found[0][1]
    assert (account["id"], account["email"], account["sellers"]) == (person.id, person.email, [])
    assert found[1][1]["id"].startswith("ses_")
    text = json.dumps(found)
    assert other.email not in text
    assert other.id not in text
    assert "hash" not in text
    assert "argon2" not in text


async def test_nobody_else_is_told(client: Client) -> None:
    stub = PersonalDataServiceStub(client.gateway.channel)
    call = client.call(stub.ListPersonalData, pb.ListPersonalDataRequest())
    assert (await refusal(call)).kind == "unauthenticated"


async def test_no_table_is_forgotten(db: Database) -> None:
    """A new table that refers to accounts is told of, or named as one that is not."""
    columns = await db.fetch_all(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'account_id'"
    )
    told = " ".join(section.sql for section in PERSONAL_DATA)
    untold = {row["table_name"] for row in columns if f" {row['table_name']}" not in told}
    assert untold <= UNTOLD


@pytest.mark.parametrize("section", PERSONAL_DATA, ids=lambda section: section.kind)
def test_every_section_asks_for_the_account_in_its_where(section: Any) -> None:
    assert "%(account_id)s" in section.sql
