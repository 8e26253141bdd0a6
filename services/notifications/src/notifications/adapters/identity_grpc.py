"""Contact data and links to mail, asked of the identity service."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from notifications.domain.errors import SubjectUnavailable
from notifications.domain.mail import Contact, MintedLink
from soko.identity.v1 import account_pb2, mailed_link_pb2
from soko.identity.v1.account_pb2_grpc import AccountServiceStub
from soko.identity.v1.mailed_link_pb2_grpc import MailedLinkServiceStub

Answer = TypeVar("Answer")


class IdentityClient:
    """ContactReader over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = AccountServiceStub(peer.channel)

    async def read(self, account_id: str) -> Contact | None:
        """Return the contact, None for an account that is gone.

        Raises SubjectUnavailable if it cannot be had now.
        """
        request = account_pb2.GetContactRequest(account_id=account_id)
        answer = await _known(self._peer.call(self._stub.GetContact, request))
        if answer is None:
            return None
        return Contact(email=answer.email, name=answer.name, locale=answer.locale)


class LinkClient:
    """LinkMinter over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = MailedLinkServiceStub(peer.channel)

    async def mint(self, request_id: str) -> MintedLink | None:
        """Return a link to mail now, None if nothing is to be mailed.

        Raises SubjectUnavailable if it cannot be had now.
        """
        request = mailed_link_pb2.MintTokenRequest(request_id=request_id)
        answer = await _known(self._peer.call(self._stub.MintToken, request))
        if answer is None:
            return None
        life = timedelta(seconds=answer.life_s)
        return MintedLink(answer.token, life, answer.email, answer.locale)


async def _known(call: Awaitable[Answer]) -> Answer | None:
    """Return identity's answer, None where it knows no such thing.

    Raises SubjectUnavailable if there is no answer now.
    """
    try:
        return await call
    except ServiceError as error:
        if error.kind == "not_found":
            return None
        raise SubjectUnavailable(f"identity: {error.code}") from error
