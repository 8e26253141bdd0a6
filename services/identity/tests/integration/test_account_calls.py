"""AccountService end to end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from chassis.ids import format_id, new_id
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.identity.v1 import account_pb2, auth_pb2

Grant = Callable[[Person, str], Awaitable[None]]


async def set_roles(client: Client, by: Person, account_id: str, *roles: str) -> list[str]:
    answer = await client.call(
        client.accounts.SetRoles,
        account_pb2.SetRolesRequest(account_id=account_id, roles=roles),
        by,
    )
    return list(answer.account.roles)


async def test_a_person_changes_the_own_name_and_locale(client: Client) -> None:
    person = await client.person()
    answer = await client.call(
        client.accounts.UpdateMe, account_pb2.UpdateMeRequest(locale="AR"), person
    )
    assert (answer.account.name, answer.account.locale) == ("Sample", "ar")
    answer = await client.call(
        client.accounts.UpdateMe, account_pb2.UpdateMeRequest(name=" Sample "), person
    )
    assert (answer.account.name, answer.account.locale) == ("Sample", "ar")


async def test_a_wrong_change_is_refused_as_a_whole(client: Client) -> None:
    person = await client.person()
    request = account_pb2.UpdateMeRequest(name="", locale="!")
    error = await refusal(client.call(client.accounts.UpdateMe, request, person))
    assert error.code == "validation_failed"
    assert [violation.pointer for violation in error.violations] == ["/name", "/locale"]


async def test_an_admin_decides_what_an_account_may_do(client: Client, grant: Grant) -> None:
    admin, person = await client.person(), await client.person()
    await grant(admin, "admin")
    roles = await set_roles(client, admin, person.id, "moderator", "buyer", "moderator")
    assert roles == ["buyer", "moderator"]
    tokens = await client.call(
        client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=person.refresh_token)
    )
    answer = await client.call(
        client.accounts.GetMe, account_pb2.GetMeRequest(), tokens.tokens.access_token
    )
    assert list(answer.account.roles) == ["buyer", "moderator"]
    assert await set_roles(client, admin, person.id) == ["buyer"]


async def test_whoever_is_no_admin_now_decides_nothing(client: Client, grant: Grant) -> None:
    person = await client.person()
    assert (await refusal(set_roles(client, person, person.id, "admin"))).kind == "forbidden"
    await grant(person, "admin")
    tokens = await client.call(
        client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=person.refresh_token)
    )
    former = Person(person.id, person.email, tokens.tokens.access_token, "")
    assert await set_roles(client, former, person.id) == ["buyer"]
    error = await refusal(set_roles(client, former, person.id, "admin"))
    assert error.kind == "forbidden"


async def test_unknown_roles_and_accounts_are_refused(client: Client, grant: Grant) -> None:
    admin = await client.person()
    await grant(admin, "admin")
    error = await refusal(set_roles(client, admin, admin.id, "emperor"))
    assert (error.kind, error.code) == ("invalid", "validation_failed")
    for account_id in (format_id("usr", new_id()), "usr_1", "", format_id("sel", new_id())):
        error = await refusal(set_roles(client, admin, account_id, "admin"))
        assert error.kind == "not_found"


async def test_contacts_are_for_services_only(client: Client) -> None:
    person = await client.person()
    request = account_pb2.GetContactRequest(account_id=person.id)
    answer = await client.call_as_service(client.accounts.GetContact, request)
    assert (answer.email, answer.name, answer.locale) == (person.email, "Sample", "en")
    for by in (None, person):
        error = await refusal(client.call(client.accounts.GetContact, request, by))
        assert error.kind == "forbidden"


@pytest.mark.parametrize("account_id", ["", "usr_1", format_id("usr", new_id())])
async def test_nobody_has_no_contact(client: Client, account_id: str) -> None:
    request = account_pb2.GetContactRequest(account_id=account_id)
    error = await refusal(client.call_as_service(client.accounts.GetContact, request))
    assert error.kind == "not_found"
