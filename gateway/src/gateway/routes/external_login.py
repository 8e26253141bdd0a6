"""Logging in with other issuers' identities (OpenID Connect), and linking them to accounts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import ProviderName
from gateway.bodies.identity import ExternalLoginBody, ProviderAnswerBody
from gateway.openapi import answers
from gateway.rendering import identity as render
from gateway.rules import Access, rules
from soko.identity.v1.external_login_pb2 import (
    BeginExternalLoginRequest,
    BeginLinkRequest,
    BegunLogin,
    FinishExternalLoginRequest,
    FinishLinkRequest,
    ListIdentitiesRequest,
    ListLoginProvidersRequest,
    ProviderAnswer,
    UnlinkIdentityRequest,
)

router = APIRouter(prefix="/v1/auth/oauth", tags=["Sessions"], route_class=ApiRoute)
identities_router = APIRouter(prefix="/v1/me/identities", tags=["Account"], route_class=ApiRoute)

_COOKIE = "soko_oauth"
_BEGIN_S = 6.0
_FINISH_S = 9.5
"""Providers answer more slowly than our own services."""
_GRACE_S = 0.3
_MAX_TOKEN = 128
_REFUSALS = "oauth_state_invalid, oauth_failed"


@router.get(
    "",
    response_class=Response,
    summary="List the login providers",
    responses=answers({200: "LoginProviders"}),
)
@rules(Access.PUBLIC)
async def list_login_providers(request: ApiRequest) -> Response:
    """List the providers that people may log in with here."""
    identity = request.backend.identity
    reply = await request.ask(
        identity, identity.external.ListLoginProviders, ListLoginProvidersRequest(), retry=True
    )
    items = [render.login_provider(each) for each in reply.providers]
    return request.answer(200, {"items": items, "next_cursor": None})


@router.get(
    "/{provider}/authorize",
    response_class=Response,
    summary="Begin a login at a provider",
    responses=answers({200: "BegunLogin"}, {404: ""}),
)
@rules(Access.PUBLIC, timeout_s=_BEGIN_S)
async def begin_external_login(request: ApiRequest, provider: ProviderName) -> Response:
    """Get the page to send the browser to; only this client can finish, within ten minutes.

    What binds the end to this client is `client_token`. It is set as a cookie too, so that a
    browser on the same site need not care; others keep it and send it with the callback.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.external.BeginExternalLogin,
        BeginExternalLoginRequest(provider=provider),
        timeout_s=_BEGIN_S - _GRACE_S,
    )
    return _begun(request, reply.begun)


@router.post(
    "/{provider}/callback",
    response_class=Response,
    summary="Finish a login at a provider",
    responses=answers(
        {200: "Tokens"},
        {
            401: f"{_REFUSALS}, totp_required, invalid_totp_code",
            403: "email_not_verified",
            404: "",
            409: "account_exists",
            429: "too_many_attempts",
        },
    ),
)
@rules(Access.PUBLIC, timeout_s=_FINISH_S)
async def finish_external_login(
    request: ApiRequest, provider: ProviderName, body: ExternalLoginBody
) -> Response:
    """Exchange what the provider sent the browser back with for tokens.

    An identity that is new here gets a new account, if its issuer vouches for its e-mail address
    and no account has that; `account_exists` asks to log in and to link the provider there.
    `totp_required` asks for the same call again with `totp_code`, within ten minutes.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.external.FinishExternalLogin,
        FinishExternalLoginRequest(
            answer=_provider_answer(request, provider, body),
            locale=headers.preferred_language(request.scope),
            totp_code=body.totp_code or "",
            user_agent=headers.user_agent(request.scope),
        ),
        timeout_s=_FINISH_S - _GRACE_S,
    )
    return _finished(request, request.answer(200, render.tokens(reply.tokens)))


@identities_router.get(
    "",
    response_class=Response,
    summary="List the linked providers",
    responses=answers({200: "ExternalIdentities"}),
)
@rules(Access.ACCOUNT)
async def list_identities(request: ApiRequest) -> Response:
    """List the providers' logins that lead into the caller's account."""
    identity = request.backend.identity
    reply = await request.ask(
        identity, identity.external.ListIdentities, ListIdentitiesRequest(), retry=True
    )
    items = [render.external_identity(each) for each in reply.identities]
    return request.answer(200, {"items": items, "next_cursor": None})


@identities_router.post(
    "/{provider}",
    response_class=Response,
    summary="Begin to link a provider",
    responses=answers(
        {200: "BegunLogin"}, {403: "email_not_verified", 404: "", 409: "already_linked"}
    ),
)
@rules(Access.ACCOUNT, timeout_s=_BEGIN_S, step_up=True)
async def begin_link(request: ApiRequest, provider: ProviderName) -> Response:
    """Get the page to send the browser to; only this client and account can finish."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.external.BeginLink,
        BeginLinkRequest(provider=provider),
        timeout_s=_BEGIN_S - _GRACE_S,
    )
    return _begun(request, reply.begun)


@identities_router.post(
    "/{provider}/callback",
    status_code=201,
    response_class=Response,
    summary="Finish to link a provider",
    responses=answers(
        {201: "ExternalIdentity"},
        {401: _REFUSALS, 404: "", 409: "already_linked, identity_taken"},
    ),
)
@rules(Access.ACCOUNT, timeout_s=_FINISH_S)
async def finish_link(
    request: ApiRequest, provider: ProviderName, body: ProviderAnswerBody
) -> Response:
    """Link the login that the provider has confirmed to the caller's account."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.external.FinishLink,
        FinishLinkRequest(answer=_provider_answer(request, provider, body)),
        timeout_s=_FINISH_S - _GRACE_S,
    )
    return _finished(request, request.answer(201, render.external_identity(reply.identity)))


@identities_router.delete(
    "/{provider}",
    status_code=204,
    response_class=Response,
    summary="Unlink a provider",
    responses=answers({204: ""}, {404: "", 409: "last_login_method"}),
)
@rules(Access.ACCOUNT, step_up=True)
async def unlink_identity(request: ApiRequest, provider: ProviderName) -> Response:
    """Unlink a provider's login from the caller's account, unless it is the last way in."""
    identity = request.backend.identity
    await request.ask(
        identity, identity.external.UnlinkIdentity, UnlinkIdentityRequest(provider=provider)
    )
    return request.nothing()


def _provider_answer(
    request: ApiRequest, provider: str, body: ProviderAnswerBody
) -> ProviderAnswer:
    cookie = request.cookies.get(_cookie_of(request), "")
    return ProviderAnswer(
        provider=provider,
        code=body.code,
        state=body.state,
        client_token=body.client_token or cookie[:_MAX_TOKEN],
        issuer=body.iss or "",
    )


def _begun(request: ApiRequest, begun: BegunLogin) -> Response:
    answer = request.answer(200, render.begun_login(begun))
    answer.set_cookie(
        _cookie_of(request),
        begun.client_token,
        max_age=begun.expires_in_s,
        secure=request.app.state.settings.production,
        httponly=True,
        samesite="strict",
    )
    return answer


def _finished(request: ApiRequest, answer: Response) -> Response:
    answer.delete_cookie(
        _cookie_of(request),
        secure=request.app.state.settings.production,
        httponly=True,
        samesite="strict",
    )
    return answer


def _cookie_of(request: ApiRequest) -> str:
    """Return the cookie's name.

    With the prefix no other host of the domain can plant its own (RFC 6265bis, 4.1.3.2); browsers
    want https for it.
    """
    return f"__Host-{_COOKIE}" if request.app.state.settings.production else _COOKIE
