"""SessionService and the change of a password, end to end."""

from __future__ import annotations

from typing import Any

import pytest

from identity.domain.second_factor import MAX_TRIES
from services.identity.tests.builders import PASSWORD
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.common.v1.page_pb2 import PageRequest
from soko.identity.v1 import account_pb2, auth_pb2, credential_pb2, session_pb2

NEW_PASSWORD = "a-second-jacaranda"


async def log_in(client: Client, person: Person, password: str = PASSWORD) -> Any:
    request = auth_pb2.LoginRequest(email=person.email, password=password, user_agent="Phone")
    return (await client.call(client.auth.Login, request)).tokens


async def listed(client: Client, by: Person | str, **page: Any) -> Any:
    request = session_pb2.ListSessionsRequest(page=PageRequest(**page))
    return await client.call(client.sessions.ListSessions, request, by)


async def revoke(client: Client, by: Person | str, session_id: str) -> None:
    request = session_pb2.RevokeSessionRequest(session_id=session_id)
    await client.call(client.sessions.RevokeSession, request, by)


async def change(client: Client, by: Person | str, current: str, new: str) -> list[str]:
    request = credential_pb2.ChangePasswordRequest(current_password=current, new_password=new)
    answer = await client.call(client.credentials.ChangePassword, request, by)
    return list(answer.session_ids)


async def test_sessions_are_listed_and_ended(client: Client) -> None:
    person = await client.person()
    tokens = await log_in(client, person)
    answer = await listed(client, person)
    newest, oldest = answer.sessions
    assert (newest.user_agent, newest.current, oldest.current) == ("Phone", False, True)
    assert newest.opened_at == newest.last_used_at
    assert not answer.next_cursor
    await revoke(client, person, newest.id)
    assert [each.id for each in (await listed(client, person)).sessions] == [oldest.id]
    error = await refusal(
        client.call(client.accounts.GetMe, account_pb2.GetMeRequest(), tokens.access_token)
    )
    assert error.code == "session_revoked"
    error = await refusal(
        client.call(
            client.auth.Refresh, auth_pb2.RefreshRequest(refresh_token=tokens.refresh_token)
        )
    )
    assert error.code == "invalid_refresh_token"
    assert (await refusal(revoke(client, person, newest.id))).code == "not_found"


async def test_sessions_come_page_by_page(client: Client) -> None:
    person = await client.person()
    for _ in range(4):
        await log_in(client, person)
    seen, cursor = [], ""
    for expected in (2, 2, 1):
        answer = await listed(client, person, limit=2, cursor=cursor)
        assert len(answer.sessions) == expected
        seen += [each.id for each in answer.sessions]
        cursor = answer.next_cursor
    assert not cursor
    assert len(set(seen)) == 5
    stranger = await client.person()
    cursor = (await listed(client, person, limit=2)).next_cursor
    for by, wrong in ((stranger, cursor), (person, "x" + cursor)):
        error = await refusal(listed(client, by, cursor=wrong))
        assert (error.kind, error.code) == ("malformed", "invalid_cursor")


async def test_anothers_session_is_not_found(client: Client) -> None:
    person, stranger = await client.person(), await client.person()
    [own] = (await listed(client, stranger)).sessions
    for unknown in (own.id, "ses_1", ""):
        error = await refusal(revoke(client, person, unknown))
        assert (error.kind, error.code) == ("not_found", "not_found")
    assert [each.id for each in (await listed(client, stranger)).sessions] == [own.id]


async def test_a_changed_password_opens_the_account_and_the_old_one_does_not(
    client: Client,
) -> None:
    person = await client.person()
    other = await log_in(client, person)
    [newest, _] = (await listed(client, person)).sessions
    assert await change(client, person, PASSWORD, NEW_PASSWORD) == [newest.id]
    assert len((await listed(client, person)).sessions) == 1
    error = await refusal(listed(client, other.access_token))
    assert error.code == "session_revoked"
    error = await refusal(log_in(client, person))
    assert error.code == "invalid_credentials"
    assert await log_in(client, person, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "validation_failed"),
        ("x" * 129, "validation_failed"),
        ("Password123", "weak_password"),
    ],
)
async def test_a_new_password_is_held_to_what_registration_asks(
    client: Client, new: str, code: str
) -> None:
    person = await client.person()
    error = await refusal(change(client, person, PASSWORD, new))
    assert (error.kind, error.code) == ("invalid", code)
    assert [violation.pointer for violation in error.violations] == ["/new_password"]
    assert await log_in(client, person)


async def test_wrong_present_passwords_are_counted(client: Client) -> None:
    person = await client.person()
    for _ in range(MAX_TRIES):
        error = await refusal(change(client, person, "wrong", NEW_PASSWORD))
        assert (error.kind, error.code) == ("unauthenticated", "invalid_credentials")
    error = await refusal(change(client, person, PASSWORD, NEW_PASSWORD))
    assert (error.kind, error.code) == ("too_many", "too_many_attempts")
    assert await log_in(client, person)


async def test_guests_have_no_sessions_and_no_password(client: Client) -> None:
    calls = [
        client.call(client.sessions.ListSessions, session_pb2.ListSessionsRequest()),
        client.call(client.sessions.RevokeSession, session_pb2.RevokeSessionRequest()),
        client.call(client.credentials.ChangePassword, credential_pb2.ChangePasswordRequest()),
    ]
    for call in calls:
        assert (await refusal(call)).kind == "unauthenticated"
