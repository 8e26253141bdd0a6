"""Deleting accounts: what is forgotten, what ends, and who may not go."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from typing import Any

import pytest

from chassis.database import Database
from chassis.ids import format_id, new_id, parse_id
from identity.adapters import account_deletion
from identity.adapters.account_deletion import AccountDeletion
from identity.app.opaque_token import new_token
from identity.domain.account import email_key
from identity.domain.errors import SoleOwner, UnknownAccount
from identity.domain.mailed_link import NewLink
from identity.domain.seller import OWNER
from services.identity.tests.builders import NOW, PASSWORD, make_seller, make_session, registered
from services.identity.tests.conftest import Stores
from services.identity.tests.integration.conftest import Client, Person, refusal
from services.identity.tests.integration.test_mailed_link_calls import mint
from soko.events.v1 import identity_pb2 as events
from soko.identity.v1 import account_pb2, api_key_pb2, auth_pb2, seller_pb2
from soko.identity.v1 import mailed_link_pb2 as links

OTHERS_ROWS = frozenset({"session", "api_key"})
"""Tables of an account's rows that stay for a while, without anything that names it."""
CASCADED = frozenset({"recovery_code"})
"""Tables whose rows go with another's: codes with their factor."""


@pytest.fixture
def deletion(db: Database) -> AccountDeletion:
    return AccountDeletion(db, lambda: None)


async def delete(client: Client, by: Person | str, password: str = PASSWORD) -> Any:
    request = account_pb2.DeleteAccountRequest(password=password)
    return await client.call(client.accounts.DeleteAccount, request, by)


async def log_in(client: Client, email: str) -> Any:
    return await client.call(
        client.auth.Login, auth_pb2.LoginRequest(email=email, password=PASSWORD)
    )


async def open_seller(client: Client, by: Person) -> str:
    answer = await client.call(
        client.sellers.OpenSeller,
        seller_pb2.OpenSellerRequest(name="Duka", country="KE", currency="KES"),
        by,
        key=secrets.token_hex(8),
    )
    return str(answer.seller.id)


async def put_member(client: Client, seller: str, email: str, role: str, by: Person) -> Any:
    request = seller_pb2.PutMemberRequest(id_or_slug=seller, email=email, role=role)
    return await client.call(client.sellers.PutMember, request, by)


async def whole_database(db: Database) -> str:
    """Return every row of every table, as text."""
    tables = await db.fetch_all(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    found = []
    for table in tables:
        name = table["table_name"]
        rows = await db.fetch_all(f'SELECT t::text AS everything FROM "{name}" t')
        found += [row["everything"] for row in rows]
    return "\n".join(found)


async def test_nothing_is_left_that_names_the_person(client: Client, db: Database) -> None:
    mark = secrets.token_hex(8)
    person = await client.person(f"{mark}@soko.example")
    name = account_pb2.UpdateMeRequest(name=f"Sample {mark}")
    await client.call(client.accounts.UpdateMe, name, person)
    await client.call(
        client.api_keys.CreateApiKey,
        api_key_pb2.CreateApiKeyRequest(
            name=f"key {mark}", scopes=["orders:read"], expires_in_days=1
        ),
        person,
    )
    assert mark in await whole_database(db)
    answer = await delete(client, person)
    assert len(answer.session_ids) == len(answer.api_key_ids) == 1
    assert mark not in await whole_database(db)


async def test_no_row_of_the_account_is_forgotten_to_be_forgotten(
    client: Client, db: Database
) -> None:
    """A new table that refers to accounts belongs into what a deletion forgets."""
    person = await client.person()
    await delete(client, person)
    columns = await db.fetch_all(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'account_id'"
    )
    assert {column["table_name"] for column in columns} >= {"session", "mailed_link"}
    statements = inspect.getsource(account_deletion)
    left = set()
    for column in columns:
        table = column["table_name"]
        assert table in OTHERS_ROWS | CASCADED or f" {table} " in statements, table
        rows = await db.fetch_all(
            f'SELECT 1 FROM "{table}" WHERE account_id = %(id)s',
            {"id": parse_id("usr", person.id)},
        )
        left |= {table} if rows else set()
    assert left <= OTHERS_ROWS


async def test_everything_ends_and_the_address_can_register_anew(client: Client) -> None:
    person = await client.person()
    other = (await log_in(client, person.email)).tokens
    answer = await delete(client, person)
    assert len(answer.session_ids) == 2
    for token in (person.refresh_token, other.refresh_token):
        request = auth_pb2.RefreshRequest(refresh_token=token)
        error = await refusal(client.call(client.auth.Refresh, request))
        assert error.code == "invalid_refresh_token"
    assert (await refusal(log_in(client, person.email))).code == "invalid_credentials"
    assert (await refusal(delete(client, person))).code == "session_revoked"
    contact = account_pb2.GetContactRequest(account_id=person.id)
    error = await refusal(client.call_as_service(client.accounts.GetContact, contact))
    assert error.kind == "not_found"
    again = await client.person(person.email)
    assert again.id != person.id


async def test_others_are_told_with_the_deletion(client: Client, db: Database) -> None:
    person = await client.person()
    answer = await delete(client, person)
    rows = await db.fetch_all(
        "SELECT name, payload FROM outbox WHERE aggregate_id = %(id)s ORDER BY sequence",
        {"id": person.id},
    )
    assert [row["name"] for row in rows] == ["account_registered", "account_deleted"]
    told = events.AccountDeleted.FromString(rows[-1]["payload"])
    assert told == events.AccountDeleted(account_id=person.id)
    [ended] = await db.fetch_all(
        "SELECT name FROM outbox WHERE aggregate_id = %(id)s", {"id": answer.session_ids[0]}
    )
    assert ended["name"] == "session_revoked"


@pytest.mark.parametrize(
    ("password", "code"), [("", "step_up_required"), ("wrong", "invalid_credentials")]
)
async def test_a_session_alone_deletes_nothing(client: Client, password: str, code: str) -> None:
    person = await client.person()
    assert (await refusal(delete(client, person, password))).code == code
    await log_in(client, person.email)


async def test_a_sole_owner_stays_until_somebody_else_owns_the_seller(client: Client) -> None:
    owner, heir = await client.person(), await client.person()
    seller = await open_seller(client, owner)
    await put_member(client, seller, heir.email, "manager", owner)
    error = await refusal(delete(client, owner))
    assert (error.kind, error.code) == ("conflict", "sole_owner")
    assert len(error.extra["sellers"]) == 1  # type: ignore[arg-type]
    await log_in(client, owner.email)
    await put_member(client, seller, heir.email, "owner", owner)
    await delete(client, owner)
    members = await client.call(
        client.sellers.ListMembers, seller_pb2.ListMembersRequest(id_or_slug=seller), heir
    )
    assert [member.account_id for member in members.members] == [heir.id]


async def test_a_link_that_was_mailed_dies_with_the_account(client: Client, db: Database) -> None:
    person = await client.person()
    row = await db.fetch_one(
        "SELECT id FROM mailed_link WHERE account_id = %(id)s", {"id": parse_id("usr", person.id)}
    )
    assert row is not None
    token = (await mint(client, format_id("lnk", row["id"]))).token
    await delete(client, person)
    verify = client.call(client.links.VerifyEmail, links.VerifyEmailRequest(token=token))
    assert (await refusal(verify)).code == "link_invalid"
    assert (await refusal(mint(client, format_id("lnk", row["id"])))).kind == "not_found"


async def test_of_two_owners_who_leave_at_once_one_stays(
    postgres_stores: Stores, deletion: AccountDeletion, db: Database
) -> None:
    first, _, _ = await registered(postgres_stores.accounts)
    second, _, _ = await registered(postgres_stores.accounts)
    seller = make_seller()
    await postgres_stores.sellers.open(seller, first.id)
    async with postgres_stores.sellers.roster(seller.id) as roster:
        roster.put(first.id, second.id, OWNER)
    async with db.transaction() as transaction:
        # Both are past their look at the owners, unless one waits for the other before it.
        await transaction.fetch_all(
            "SELECT id FROM session WHERE account_id = ANY(%(ids)s) FOR UPDATE",
            {"ids": [first.id, second.id]},
        )
        leaving = [
            asyncio.create_task(deletion.delete(account.id, NOW)) for account in (first, second)
        ]
        await asyncio.wait(leaving, timeout=0.2)
    outcomes = await asyncio.gather(*leaving, return_exceptions=True)
    assert sum(isinstance(outcome, SoleOwner) for outcome in outcomes) == 1
    assert len(await postgres_stores.sellers.members(seller.id)) == 1


async def test_nothing_begins_for_an_account_that_goes_at_the_same_moment(
    postgres_stores: Stores, deletion: AccountDeletion, db: Database
) -> None:
    owner, _, _ = await registered(postgres_stores.accounts)
    seller = make_seller()
    await postgres_stores.sellers.open(seller, owner.id)
    leaving, _, _ = await registered(postgres_stores.accounts)

    async def join() -> None:
        async with postgres_stores.sellers.roster(seller.id) as roster:
            roster.put(owner.id, leaving.id, "viewer")

    async with db.transaction() as transaction:
        await transaction.execute(
            "UPDATE account SET deleted_at = now(), email_key = id::text WHERE id = %(id)s",
            {"id": leaving.id},
        )
        await transaction.execute(
            "DELETE FROM password_credential WHERE account_id = %(id)s", {"id": leaving.id}
        )
        late = asyncio.create_task(
            postgres_stores.sessions.open(make_session(leaving, new_token()), NOW)
        )
        joining = asyncio.create_task(join())
        await asyncio.wait([late, joining], timeout=0.2)
    assert await late is None
    with pytest.raises(UnknownAccount):
        await joining
    assert len(await postgres_stores.sellers.members(seller.id)) == 1


async def test_an_account_that_is_gone_comes_back_by_nothing(
    postgres_stores: Stores, deletion: AccountDeletion
) -> None:
    account, caller, _ = await registered(postgres_stores.accounts)
    ended = await deletion.delete(account.id, NOW)
    assert ended is not None
    assert list(ended.sessions) == [caller.session_id]
    assert await deletion.delete(account.id, NOW) is None
    assert await postgres_stores.accounts.find(account.id) is None
    assert await postgres_stores.accounts.change_profile(account.id, "Sample", None, NOW) is None
    assert (
        await postgres_stores.accounts.replace_roles(account.id, frozenset({"admin"}), NOW) is None
    )
    link = NewLink(new_id(), NOW)
    await postgres_stores.links.ask_reset(link, email_key(f"deleted:{account.id}"))
    assert await postgres_stores.links.mint(link.id, new_token().hash, NOW) is None
