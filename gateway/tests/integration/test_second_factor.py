"""Second factors and step-up at the edge."""

import time

import pytest

from chassis.errors import ServiceError, unauthenticated
from devstack.testing import eventually
from soko.events.v1.identity_pb2 import SecondFactorChanged
from soko.identity.v1 import auth_pb2, credential_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAYOUT = {"amount": {"amount_minor": 100, "currency": "KES"}}


async def pay_out(gateway, headers):
    """Ask for a payout, which takes a step-up."""
    return await gateway.client.post(
        "/v1/sellers/duka/payouts", json=PAYOUT, headers={**headers, "Idempotency-Key": "k"}
    )


def bearer(running, account, **claims):
    return {"Authorization": f"Bearer {running.issuer.token(account, **claims)}"}


async def test_a_login_passes_the_code_on_and_tells_what_is_missing(running):
    def login(request, _metadata):
        if not request.totp_code:
            raise unauthenticated("totp_required", "Send the code.")
        return auth_pb2.LoginResponse(tokens=auth_pb2.Tokens(access_token="a"))

    running.services.answers["Login"] = login
    body = {"email": "a@b.example", "password": "long enough"}
    missing = await running.client.post("/v1/auth/login", json=body)
    assert (missing.status_code, missing.json()["code"]) == (401, "totp_required")
    for code in (" 123 456 ", "k3m9-0xqv-7hwt-2dpa"):
        answer = await running.client.post("/v1/auth/login", json={**body, "totp_code": code})
        assert answer.status_code == 200
        assert running.services.got("Login")[-1].request.totp_code == code.strip()


async def test_a_lock_out_says_when_to_come_back(running):
    def login(_request, _metadata):
        raise ServiceError("too_many", "too_many_attempts", extra={"retry_after_s": 840})

    running.services.answers["Login"] = login
    answer = await running.client.post("/v1/auth/login", json={"email": "a", "password": "b"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert answer.headers["Retry-After"] == "840"


async def test_a_second_factor_is_begun_confirmed_and_taken_away(running, make_id):
    answers = running.services.answers
    answers["StartTotp"] = lambda _request, _metadata: credential_pb2.StartTotpResponse(
        secret="S", otpauth_uri="otpauth://totp/Soko:a?secret=S"
    )
    answers["ConfirmTotp"] = lambda _request, _metadata: credential_pb2.ConfirmTotpResponse(
        recovery_codes=["a", "b"]
    )
    headers = bearer(running, make_id("usr"))
    begun = await running.client.post("/v1/me/totp", headers=headers)
    assert (begun.status_code, begun.json()) == (
        201,
        {"secret": "S", "otpauth_uri": "otpauth://totp/Soko:a?secret=S"},
    )
    assert begun.headers["Cache-Control"] == "no-store"
    confirmed = await running.client.post(
        "/v1/me/totp/confirm", json={"code": "123456"}, headers=headers
    )
    assert (confirmed.status_code, confirmed.json()) == (200, {"recovery_codes": ["a", "b"]})
    asked = await running.client.delete("/v1/me/totp", headers=headers)
    assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
    assert not running.services.got("RemoveTotp")
    stepped_up = running.issuer.bearer(second_factor=True, stepped_up_until=int(time.time()) + 9)
    removed = await running.client.delete("/v1/me/totp", headers=stepped_up)
    assert removed.status_code == 204


@pytest.mark.parametrize("proof", [{"totp_code": "123456"}, {"password": "long enough"}])
async def test_a_step_up_takes_one_proof(running, proof):
    running.services.answers["StepUp"] = lambda _request, _metadata: credential_pb2.StepUpResponse(
        access_token="a", expires_in_s=600, step_up_expires_in_s=300
    )
    answer = await running.client.post(
        "/v1/auth/step-up", json=proof, headers=running.issuer.bearer()
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "step_up_expires_in": 300},
    )
    (call,) = running.services.got("StepUp")
    assert {"totp_code": call.request.totp_code, "password": call.request.password} == {
        "totp_code": "",
        "password": "",
        **proof,
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"totp_code": "1", "password": "x"},
        {"totp_code": ""},
        {"totp_code": 123456},
        {"totp_code": "1" * 33},
        {"password": ""},
        {"password": "x", "pin": "1"},
    ],
)
async def test_anything_but_one_proof_is_refused(running, body):
    answer = await running.client.post(
        "/v1/auth/step-up", json=body, headers=running.issuer.bearer()
    )
    assert answer.status_code == 422
    assert not running.services.got("StepUp")


async def test_guests_do_not_step_up(running):
    for method, path in (
        ("POST", "/v1/auth/step-up"),
        ("POST", "/v1/me/totp"),
        ("POST", "/v1/me/totp/confirm"),
        ("DELETE", "/v1/me/totp"),
    ):
        answer = await running.client.request(method, path)
        assert answer.status_code == 401


async def test_payouts_and_refunds_ask_accounts_with_a_second_factor(running, make_id):
    account = make_id("usr")
    plain = bearer(running, account)
    secured = bearer(running, account, second_factor=True)
    late = bearer(running, account, second_factor=True, stepped_up_until=int(time.time()))
    fresh = bearer(running, account, second_factor=True, stepped_up_until=int(time.time()) + 300)
    assert (await pay_out(running, plain)).status_code == 201
    assert (await pay_out(running, fresh)).status_code == 201
    refund = f"/v1/orders/{make_id('ord')}/refunds"
    for headers in (secured, late):
        asked = await pay_out(running, headers)
        assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
        keyed = {**headers, "Idempotency-Key": "k"}
        asked = await running.client.post(refund, json={"reason": "r"}, headers=keyed)
        assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
    assert len(running.services.got("CreatePayout")) == 2
    assert not running.services.got("CreateRefund")


def started(gateway):
    return lambda: gateway.gateway.readiness.is_started


def asks(gateway, headers):
    async def does():
        return (await pay_out(gateway, headers)).status_code == 403

    return does


async def test_a_new_second_factor_counts_for_older_tokens_in_every_worker(
    running, services, start_gateway, make_settings, nats_url, make_id
):
    """The token was signed before the factor was set, and says nothing of it."""
    headers = bearer(running, make_id("usr"))
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        assert (await pay_out(other, headers)).status_code == 201
        await eventually(started(other))
        confirmed = await running.client.post(
            "/v1/me/totp/confirm", json={"code": "123456"}, headers=headers
        )
        assert confirmed.status_code == 200
        assert (await pay_out(running, headers)).status_code == 403
        await eventually(asks(other, headers), timeout_s=2)


async def test_identitys_word_of_a_second_factor_is_heard(running, publish, make_id):
    account = make_id("usr")
    headers = bearer(running, account)
    changed = SecondFactorChanged(account_id=account, enabled=True)
    await publish("identity", "second_factor_changed", changed)
    await eventually(asks(running, headers), timeout_s=2)
    changed = SecondFactorChanged(account_id=account, enabled=False)
    await publish("identity", "second_factor_changed", changed)

    async def is_let_in():
        return (await pay_out(running, headers)).status_code == 201

    await eventually(is_let_in, timeout_s=2)


async def test_second_factors_set_before_the_start_are_known(
    running, services, start_gateway, make_settings, nats_url, make_id
):
    account = make_id("usr")
    services.answers["ListRevokedSessions"] = lambda _request, _metadata: (
        auth_pb2.ListRevokedSessionsResponse(secured_account_ids=[account])
    )
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        await eventually(asks(other, bearer(running, account)), timeout_s=2)
