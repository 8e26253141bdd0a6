"""Password reset and e-mail verification over REST."""

import pytest

from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from soko.identity.v1 import mailed_link_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_asking_for_a_reset_is_always_taken_in(running):
    answer = await running.client.post("/v1/auth/password-reset", json={"email": "me@soko.example"})
    assert (answer.status_code, answer.content) == (202, b"")
    [call] = running.services.got("RequestPasswordReset")
    assert call.request.email == "me@soko.example"
    wrong = await running.client.post("/v1/auth/password-reset", json={"email": "nobody"})
    assert wrong.status_code == 422


async def test_a_confirmed_reset_ends_the_sessions_at_this_gateway_at_once(running):
    session_id = format_id("ses", new_id())
    headers = running.issuer.bearer(session_id=session_id)
    assert (await running.client.get("/v1/me", headers=headers)).status_code == 200
    running.services.answers["ConfirmPasswordReset"] = lambda _request, _metadata: (
        mailed_link_pb2.ConfirmPasswordResetResponse(session_ids=[session_id])
    )
    answer = await running.client.post(
        "/v1/auth/password-reset/confirm", json={"token": "t0ken", "new_password": "a new secret"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    refused = await running.client.get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/auth/password-reset/confirm", {"token": "used", "new_password": "a new secret"}),
        ("/v1/auth/verify-email", {"token": "used"}),
    ],
)
async def test_a_used_link_is_refused(running, path, body):
    def refuse(_request, _metadata):
        raise ServiceError("unauthenticated", "link_invalid")

    running.services.answers["ConfirmPasswordReset"] = refuse
    running.services.answers["VerifyEmail"] = refuse
    answer = await running.client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "link_invalid")


async def test_an_account_asks_for_its_verification_mail_anew(running):
    assert (await running.client.post("/v1/me/email-verification")).status_code == 401
    headers = running.issuer.bearer()
    answer = await running.client.post("/v1/me/email-verification", headers=headers)
    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize("path", ["/account/reset-password", "/account/verify-email"])
async def test_the_pages_of_mailed_links_load_nothing_from_elsewhere(running, path):
    page = await running.client.get(path)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert (await running.client.get("/static/account.js")).status_code == 200
