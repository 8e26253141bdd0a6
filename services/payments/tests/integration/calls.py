"""What tests ask of a payments process, and in whose name."""

import time
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.broker import Broker
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from chassis.replies import Outgoing
from services.payments.tests.builders import OTHER_SELLER, SELLER
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc as rpc

MEMBER = format_id("usr", new_id())


ADMIN = format_id("usr", new_id())


KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})


def bearer(account_id, *roles):
    now = int(time.time())
    claims = {
        "iss": "soko",
        "aud": "soko",
        "sub": account_id,
        "sid": format_id("ses", new_id()),
        "roles": list(roles),
        "sellers": {},
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k1"}
    token = jwt.encode(header, claims, KEY, algorithms=["Ed25519"])
    return ("authorization", f"Bearer {token}")


def authorize_request(order_id, token="tok_success"):
    return pb.AuthorizeRequest(
        order_id=order_id,
        amount=Money(amount_minor=3000, currency="KES"),
        method_type="sandbox",
        method_token=token,
        splits=[
            pb.Split(line_id="item_a", seller_id=SELLER, quantity=2, goods_minor=1000),
            pb.Split(line_id="item_b", seller_id=OTHER_SELLER, quantity=1, goods_minor=2000),
        ],
    )


async def list_payments(peer, order_id, service="gateway-itself"):
    stub = rpc.PaymentServiceStub(peer.channel)
    request = pb.ListPaymentsRequest(order_id=order_id)
    return await peer.call(stub.ListPayments, request, metadata=[("soko-service", service)])


async def refused(call):
    with pytest.raises(ServiceError) as error:
        await call
    return error.value.kind, error.value.code


async def publish(nats_url, context, name, message):
    """Publish an event as its relay would."""
    broker = Broker(nats_url, "test")
    await broker.connect()
    await broker.ensure_stream(context)
    event = Envelope(
        new_id(), name, f"/soko/{context}", datetime.now(UTC), "", 1, "",
        message.SerializeToString(),
    )  # fmt: skip
    headers = event.headers(context, str(event.id))
    (answer,) = await broker.request_many(
        [Outgoing(f"soko.{context}.{name}.v1", event.data, headers)]
    )
    assert answer is not None
    await broker.close()
