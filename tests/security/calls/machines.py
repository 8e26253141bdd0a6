"""What carriers and payment providers send, and what operators do about events."""

from __future__ import annotations

from simulators.stripe import StripeSimulator
from tests.e2e.marketplace import unique
from tests.e2e.stack import CARRIER_SECRET
from tests.security.callers import TOKEN, WRONG
from tests.security.calls.operation import Call, operation
from tests.security.things import Things, carrier_update

OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@operation("POST /v1/webhooks/delivery")
async def receive_carrier_update(things: Things, caller: str) -> Call:
    secret = OTHER_SECRET if caller == WRONG else CARRIER_SECRET
    body, signature = carrier_update((await things.shipment())["tracking_number"], secret)
    headers = {"Content-Type": "application/json"}
    return Call(content=body, headers=headers | (signature if caller in (TOKEN, WRONG) else {}))


@operation("POST /v1/webhooks/payments/{provider}")
async def receive_provider_webhook(things: Things, caller: str) -> Call:
    secret = OTHER_SECRET if caller == WRONG else StripeSimulator().webhook_secret
    event = {"id": unique("evt"), "type": "nothing.of.ours", "data": {"object": {}}}
    body, signature = StripeSimulator(webhook_secret=secret).signed(event)
    headers = {"Content-Type": "application/json"}
    if caller in (TOKEN, WRONG):
        headers["Stripe-Signature"] = signature
    return Call({"provider": "stripe"}, content=body, headers=headers)


@operation("POST /v1/ops/dead-letters/{dead_letter_id}/redrive", uses_up=True)
async def redrive_dead_letter(things: Things, caller: str) -> Call:
    return Call({"dead_letter_id": await things.dead_letter()})
