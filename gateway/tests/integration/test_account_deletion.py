"""Deleting the caller's account over REST."""

import pytest

from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from soko.identity.v1 import account_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_password_travels_and_everything_ends_at_once(running):
    session_id, key_id = format_id("ses", new_id()), format_id("key", new_id())
    running.services.answers["DeleteAccount"] = lambda _request, _metadata: (
        account_pb2.DeleteAccountResponse(session_ids=[session_id], api_key_ids=[key_id])
    )
    headers = running.issuer.bearer(session_id=session_id)
    answer = await running.client.request(
        "DELETE", "/v1/me", headers=headers, json={"password": "a long sentence"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    [call] = running.services.got("DeleteAccount")
    assert call.request.password == "a long sentence"
    after = await running.client.get("/v1/me", headers=headers)
    assert (after.status_code, after.json()["code"]) == (401, "session_revoked")


async def test_after_a_step_up_no_body_is_needed(running):
    answer = await running.client.delete("/v1/me", headers=running.issuer.bearer())
    assert answer.status_code == 204
    [call] = running.services.got("DeleteAccount")
    assert call.request.password == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"password": ""}, 422),
        ({"password": "x" * 2000}, 422),
        ({"pass": "word"}, 422),
        ([], 422),
    ],
)
async def test_a_wrong_body_deletes_nothing(running, body, status):
    answer = await running.client.request(
        "DELETE", "/v1/me", headers=running.issuer.bearer(), json=body
    )
    assert answer.status_code == status
    assert not running.services.got("DeleteAccount")


async def test_a_guest_deletes_nothing(running):
    assert (await running.client.delete("/v1/me")).status_code == 401
    assert not running.services.got("DeleteAccount")


async def test_a_sole_owner_is_told_of_which_sellers(running):
    def refuse(_request, _metadata):
        raise ServiceError("conflict", "sole_owner", extra={"sellers": ["duka"]})

    running.services.answers["DeleteAccount"] = refuse
    answer = await running.client.delete("/v1/me", headers=running.issuer.bearer())
    assert (answer.status_code, answer.json()["code"]) == (409, "sole_owner")
    assert answer.json()["sellers"] == ["duka"]
