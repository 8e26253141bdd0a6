"""Password reset and e-mail verification by links that are mailed and work once.

Idempotency keys are not honoured, as on all of /v1/auth: a stored answer would outlive its secret.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.mailed_links import (
    EmailVerification,
    PasswordResetBody,
    PasswordResetConfirmation,
)
from gateway.openapi import answers
from gateway.rules import Access, rules
from soko.identity.v1.mailed_link_pb2 import (
    ConfirmPasswordResetRequest,
    RequestEmailVerificationRequest,
    RequestPasswordResetRequest,
    VerifyEmailRequest,
)

router = APIRouter(prefix="/v1", tags=["Account"], route_class=ApiRoute)


@router.post(
    "/auth/password-reset",
    status_code=202,
    response_class=Response,
    summary="Ask for a link that resets the password",
    responses=answers({202: ""}, {429: ""}),
)
@rules(Access.PUBLIC)
async def request_password_reset(request: ApiRequest, body: PasswordResetBody) -> Response:
    """Have a link mailed that works once, for 30 minutes; three an hour at most.

    The answer, and how long it takes, are the same whether an account has the address or not.
    """
    identity = request.backend.identity
    await request.ask(
        identity,
        identity.links.RequestPasswordReset,
        RequestPasswordResetRequest(email=body.email),
    )
    return request.nothing(202)


@router.post(
    "/auth/password-reset/confirm",
    status_code=204,
    response_class=Response,
    summary="Set a new password",
    responses=answers({204: ""}, {401: "link_invalid", 429: ""}),
)
@rules(Access.PUBLIC)
async def confirm_password_reset(request: ApiRequest, body: PasswordResetConfirmation) -> Response:
    """Set a new password with a mailed token; every session of the account ends."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.links.ConfirmPasswordReset,
        ConfirmPasswordResetRequest(token=body.token, new_password=body.new_password),
    )
    for session_id in reply.session_ids:
        await request.app.state.sessions.announce(session_id)
    return request.nothing()


@router.post(
    "/auth/verify-email",
    status_code=204,
    response_class=Response,
    summary="Verify the e-mail address",
    responses=answers({204: ""}, {401: "link_invalid", 429: ""}),
)
@rules(Access.PUBLIC)
async def verify_email(request: ApiRequest, body: EmailVerification) -> Response:
    """Verify an account's address with a mailed token."""
    identity = request.backend.identity
    await request.ask(identity, identity.links.VerifyEmail, VerifyEmailRequest(token=body.token))
    return request.nothing()


@router.post(
    "/me/email-verification",
    status_code=202,
    response_class=Response,
    summary="Ask for the verification mail anew",
    responses=answers({202: ""}, {409: "email_already_verified", 429: ""}),
)
@rules(Access.ACCOUNT)
async def request_email_verification(request: ApiRequest) -> Response:
    """Have a link mailed that verifies the caller's address once, within 24 hours.

    Registration sends the first one; three an hour at most are sent.
    """
    identity = request.backend.identity
    await request.ask(
        identity, identity.links.RequestEmailVerification, RequestEmailVerificationRequest()
    )
    return request.nothing(202)
