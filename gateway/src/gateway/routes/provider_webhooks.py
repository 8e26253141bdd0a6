"""Webhooks of payment providers, passed on as they came."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from chassis.errors import malformed
from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.openapi import answers
from gateway.rules import Access, rules
from soko.payments.v1 import provider_webhook_pb2

router = APIRouter(prefix="/v1/webhooks", tags=["Payments"], route_class=ApiRoute)

_MAX_BODY_BYTES: Final = 256 * 1024
_MAX_QUERY: Final = 1024
_SIGNING_HEADERS: Final = ("stripe-signature",)

_Provider = Annotated[str, Path(pattern="^(stripe|mpesa)$", description="stripe or mpesa")]


@router.post(
    "/payments/{provider}",
    response_class=Response,
    summary="Tell of a payment, as its provider",
    responses=answers(
        {200: "Received"},
        {
            400: "malformed_json, malformed_webhook",
            401: "signature_invalid, signature_expired",
            404: "",
        },
    ),
)
@rules(
    Access.SIGNATURE,
    signature="Stripe-Signature",
    as_sent=True,
    max_body_bytes=_MAX_BODY_BYTES,
)
async def receive_provider_webhook(request: ApiRequest, provider: _Provider) -> Response:
    """Take a payment provider's webhook: it is verified and stored once, and acted on later."""
    await request.json()
    query = str(request.url.query)
    if len(query) > _MAX_QUERY:
        raise malformed("malformed_webhook", "The query is too long.")
    payments = request.backend.payments
    signing = {name: headers.single(request.scope, name.encode()) for name in _SIGNING_HEADERS}
    await request.ask(
        payments,
        payments.webhooks.ReceiveProviderWebhook,
        provider_webhook_pb2.ReceiveProviderWebhookRequest(
            provider=provider,
            body=await request.body(),
            headers={name: value for name, value in signing.items() if value},
            query=query,
        ),
        as_itself=True,
        retry=True,
    )
    return request.answer(200, {"received": True})
