"""What identity's audit log says of what people did, and who may read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from chassis.audit_log import Act
from chassis.context import CLIENT_ADDRESS
from chassis.database import Database
from chassis.ids import format_id, new_id
from identity.adapters.external_identity_store import ExternalIdentityStore
from identity.app.opaque_token import new_token
from identity.domain.external_identity import ExternalIdentity
from services.identity.tests.builders import NOW, PASSWORD, make_account, make_session
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.audit.v1 import log_pb2
from soko.identity.v1 import account_pb2, api_key_pb2, auth_pb2, seller_pb2

Grant = Callable[[Person, str], Awaitable[None]]


@pytest.fixture
async def admin(client: Client, grant: Grant) -> Person:
    person = await client.person()
    await grant(person, "admin")
    answer = await client.call(
        client.auth.Login, auth_pb2.LoginRequest(email=person.email, password=PASSWORD)
    )
    return Person(person.id, person.email, answer.tokens.access_token, "")


async def entries_of(client: Client, admin: Person, account: str, **wanted: Any) -> list[Any]:
    request = log_pb2.ListEntriesRequest(account_id=account, limit=100, **wanted)
    answer = await client.call(client.audit_log.ListEntries, request, admin)
    return list(answer.entries)


async def acts_of(client: Client, admin: Person, account: str) -> list[str]:
    return [entry.act for entry in await entries_of(client, admin, account)]


async def test_only_admins_read_it(client: Client) -> None:
    request = log_pb2.ListEntriesRequest()
    stranger = await client.person()
    assert (await refusal(client.call(client.audit_log.ListEntries, request, stranger))).code == (
        "forbidden"
    )
    assert (await refusal(client.call(client.audit_log.ListEntries, request))).code == (
        "authentication_required"
    )


async def test_it_tells_of_a_life_in_order(client: Client, admin: Person) -> None:
    person = await client.person()
    login = auth_pb2.LoginRequest(email=person.email, password=PASSWORD)
    await client.call(client.auth.Login, login)
    made = await client.call(
        client.api_keys.CreateApiKey,
        api_key_pb2.CreateApiKeyRequest(name="k", scopes=["orders:read"], expires_in_days=1),
        person,
    )
    await client.call(
        client.api_keys.RevokeApiKey,
        api_key_pb2.RevokeApiKeyRequest(api_key_id=made.api_key.id),
        person,
    )
    seller = await client.call(
        client.sellers.OpenSeller,
        seller_pb2.OpenSellerRequest(name="Duka", country="KE", currency="KES"),
        person,
    )
    member = await client.person()
    await client.call(
        client.sellers.PutMember,
        seller_pb2.PutMemberRequest(
            id_or_slug=seller.seller.id, email=member.email, role="finance"
        ),
        person,
    )
    await client.call(
        client.accounts.SetRoles,
        account_pb2.SetRolesRequest(account_id=person.id, roles=["operator"]),
        admin,
    )
    await client.call(client.auth.Logout, auth_pb2.LogoutRequest(), person)
    entries = await entries_of(client, admin, person.id)
    assert [entry.act for entry in reversed(entries)] == [
        "account_registered",
        "logged_in",
        "api_key_made",
        "api_key_revoked",
        "seller_opened",
        "seller_member_changed",
        "roles_changed",
        "sessions_ended",
    ]
    by_act = {entry.act: entry for entry in entries}
    roles, joined = by_act["roles_changed"], by_act["seller_member_changed"]
    assert (roles.actor, roles.subject) == (admin.id, person.id)
    assert orjson.loads(roles.detail_json) == {"before": [], "after": ["operator"]}
    assert (joined.actor, joined.subject) == (person.id, member.id)
    assert by_act["sessions_ended"].session.startswith("ses_")
    assert made.secret not in str(entries)
    assert person.email not in str(entries)


async def test_an_act_has_the_address_that_the_gateway_saw(client: Client, admin: Person) -> None:
    person = await client.person()
    await client.gateway.call(
        client.auth.Login,
        auth_pb2.LoginRequest(email=person.email, password=PASSWORD),
        metadata=[(CLIENT_ADDRESS, "192.0.2.7")],
    )
    newest, *_ = await entries_of(client, admin, person.id)
    assert (newest.act, newest.address, len(newest.trace_id)) == ("logged_in", "192.0.2.7", 32)


async def test_a_failed_login_is_told_of_without_naming_anybody(
    client: Client, admin: Person
) -> None:
    person = await client.person()
    wrong = auth_pb2.LoginRequest(email=person.email, password="not the one")
    assert (await refusal(client.call(client.auth.Login, wrong))).code == "invalid_credentials"
    newest, *_ = await entries_of(client, admin, person.id)
    assert (newest.act, newest.outcome, newest.subject) == ("login_failed", "failed", person.id)
    assert (newest.actor, newest.session) == ("", "")


async def test_what_is_refused_changes_nothing_and_tells_nothing(
    client: Client, admin: Person
) -> None:
    person = await client.person()
    refused = account_pb2.SetRolesRequest(account_id=person.id, roles=["admin"])
    assert (await refusal(client.call(client.accounts.SetRoles, refused, person))).code
    assert await acts_of(client, admin, person.id) == ["account_registered"]


async def test_pages_go_on_behind_the_last_entry(client: Client, admin: Person) -> None:
    person = await client.person()
    await client.call(client.auth.Logout, auth_pb2.LogoutRequest(), person)
    newest, oldest = await entries_of(client, admin, person.id)
    [second] = await entries_of(client, admin, person.id, before=newest.id)
    assert second == oldest
    assert [oldest] == await entries_of(client, admin, person.id, act="account_registered")


async def test_an_act_that_cannot_be_recorded_does_not_happen(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await client.person()

    def broken(self: Act, prefix: str = "act") -> dict[str, object]:
        return {**_params(self, prefix), f"{prefix}_name": None}

    _params = Act.params
    monkeypatch.setattr(Act, "params", broken)
    make = api_key_pb2.CreateApiKeyRequest(name="k", scopes=["orders:read"], expires_in_days=1)
    assert (await refusal(client.call(client.api_keys.CreateApiKey, make, person))).code
    monkeypatch.undo()
    listed = await client.call(
        client.api_keys.ListApiKeys, api_key_pb2.ListApiKeysRequest(), person
    )
    assert not listed.api_keys


async def test_logins_and_links_of_other_issuers_are_told_of(
    client: Client, admin: Person, db: Database
) -> None:
    identities = ExternalIdentityStore(db, lambda: None)
    issuer, account = "https://issuer.example", make_account()
    identity = ExternalIdentity(issuer, new_id().hex, "sample", account.email, NOW)
    first, second = (make_session(account, new_token()) for _ in range(2))
    await identities.register(account, identity, first)
    assert await identities.open(issuer, identity.subject, second)
    other = ExternalIdentity("https://other.example", new_id().hex, "other", account.email, NOW)
    await identities.link(account.id, other)
    async with identities.ways_in(account.id) as ways:
        ways.unlink("other", {issuer})
    entries = await entries_of(client, admin, format_id("usr", account.id))
    assert [entry.act for entry in reversed(entries)] == [
        "account_registered",
        "logged_in",
        "identity_linked",
        "identity_unlinked",
    ]
    assert orjson.loads(entries[2].detail_json) == {"issuer": issuer}
    assert account.email not in str(entries)
