"""The caller's second factor, and proving oneself once more."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.identity import StepUpBody, TotpConfirmBody
from gateway.openapi import answers
from gateway.rules import Access, rules
from soko.identity.v1.credential_pb2 import (
    ConfirmTotpRequest,
    RemoveTotpRequest,
    StartTotpRequest,
    StepUpRequest,
)

router = APIRouter(prefix="/v1", tags=["Sessions"], route_class=ApiRoute)
_WRONG_CODE = "invalid_totp_code"
_LOCKED = "too_many_attempts"


@router.post(
    "/auth/step-up",
    response_class=Response,
    summary="Prove once more who you are",
    responses=answers(
        {200: "SteppedUp"},
        {401: f"{_WRONG_CODE}, invalid_credentials", 409: "totp_not_set", 429: _LOCKED},
    ),
)
@rules(Access.ACCOUNT)
async def step_up(request: ApiRequest, body: StepUpBody) -> Response:
    """Exchange a code or the password for an access token that may move money and make keys.

    Only accounts with a second factor are asked for it. It counts for five minutes.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.credentials.StepUp,
        StepUpRequest(totp_code=body.totp_code or "", password=body.password or ""),
    )
    return request.answer(
        200,
        {
            "access_token": reply.access_token,
            "token_type": "Bearer",
            "expires_in": reply.expires_in_s,
            "step_up_expires_in": reply.step_up_expires_in_s,
        },
    )


@router.post(
    "/me/totp",
    status_code=201,
    response_class=Response,
    summary="Begin to set a second factor",
    tags=["Account"],
    responses=answers({201: "TotpSecret"}, {409: "totp_already_set"}),
)
@rules(Access.ACCOUNT)
async def start_totp(request: ApiRequest) -> Response:
    """Get a secret for an authenticator app; it counts once a code of it was confirmed."""
    identity = request.backend.identity
    reply = await request.ask(identity, identity.credentials.StartTotp, StartTotpRequest())
    return request.answer(201, {"secret": reply.secret, "otpauth_uri": reply.otpauth_uri})


@router.post(
    "/me/totp/confirm",
    response_class=Response,
    summary="Set the second factor",
    tags=["Account"],
    responses=answers(
        {200: "RecoveryCodes"},
        {401: _WRONG_CODE, 409: "totp_not_started, totp_already_set", 429: _LOCKED},
    ),
)
@rules(Access.ACCOUNT)
async def confirm_totp(request: ApiRequest, body: TotpConfirmBody) -> Response:
    """Set the second factor with its first code, and get ten recovery codes, shown once."""
    identity = request.backend.identity
    reply = await request.ask(
        identity, identity.credentials.ConfirmTotp, ConfirmTotpRequest(code=body.code)
    )
    await request.app.state.sessions.announce(request.actor.account_id)
    return request.answer(200, {"recovery_codes": list(reply.recovery_codes)})


@router.delete(
    "/me/totp",
    status_code=204,
    response_class=Response,
    summary="Take the second factor away",
    tags=["Account"],
    responses=answers({204: ""}, {409: "totp_not_set"}),
)
@rules(Access.ACCOUNT, step_up=True)
async def remove_totp(request: ApiRequest) -> Response:
    """Log in without a code from now on."""
    identity = request.backend.identity
    await request.ask(identity, identity.credentials.RemoveTotp, RemoveTotpRequest())
    return request.nothing()
