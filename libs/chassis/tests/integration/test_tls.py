"""Services over TCP: who a caller is, its certificate says (real handshakes on this machine)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.shared_calls_server import add_services
from chassis.tls import TlsFiles
from devstack.certificates import NAMES, Authority
from soko.identity.v1 import account_pb2, account_pb2_grpc

DAY = timedelta(days=1)
Issue = Callable[..., TlsFiles]


def files_of(authority: Authority, process: str, life: timedelta = DAY) -> TlsFiles:
    folder = authority.issue(process, NAMES[process], life)
    return TlsFiles(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certs")


class Accounts(account_pb2_grpc.AccountServiceServicer):
    """GetContact is for orders and notifications, GetMe for the gateway."""

    def __init__(self) -> None:
        self.handled = 0
        self.shown = b""
        """The certificate of the last caller."""

    async def GetContact(self, request: Any, context: Any) -> account_pb2.GetContactResponse:  # noqa: N802
        self.handled += 1
        (self.shown,) = context.auth_context()["x509_pem_cert"]
        return account_pb2.GetContactResponse(name=request.account_id)

    async def GetMe(self, request: Any, context: Any) -> account_pb2.GetMeResponse:  # noqa: N802
        self.handled += 1
        return account_pb2.GetMeResponse()


class Identity:
    """A server that shows identity's certificate."""

    def __init__(self, tls: TlsFiles) -> None:
        interceptor = RequestInterceptor(None, certified=True)
        self.server = grpc.aio.server(interceptors=[interceptor])
        self.accounts = Accounts()
        add = account_pb2_grpc.add_AccountServiceServicer_to_server
        add_services(self.server, interceptor, [(add, self.accounts)])
        port = self.server.add_secure_port("127.0.0.1:0", tls.server_credentials())
        self.address = f"127.0.0.1:{port}"


@pytest.fixture
async def identity(authority: Authority) -> AsyncIterator[Identity]:
    identity = Identity(files_of(authority, "identity"))
    await identity.server.start()
    yield identity
    await identity.server.stop(0)


@contextlib.asynccontextmanager
async def calling(
    address: str, tls: TlsFiles | None, service: str, name: str = "identity"
) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    peer = Peer(name, address, service=service, tls=tls)
    stub = account_pb2_grpc.AccountServiceStub(peer.channel)

    async def contact(account: str = "usr_x") -> str:
        request = account_pb2.GetContactRequest(account_id=account)
        return str((await peer.call(stub.GetContact, request)).name)

    try:
        yield contact
    finally:
        await peer.close()


async def refusal(call: Awaitable[str]) -> str:
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value.kind


async def test_a_listed_caller_with_its_certificate_is_answered(
    identity: Identity, authority: Authority
) -> None:
    async with calling(identity.address, files_of(authority, "orders"), "orders") as contact:
        names = [f"usr_{number}" for number in range(20)]
        # Behind the first the others share a call.
        assert await asyncio.gather(*map(contact, names)) == names


@pytest.mark.parametrize(
    ("certificate", "claims"),
    [
        ("catalog", "catalog"),  # who it says it is, and not listed
        ("catalog", "orders"),  # listed, and not who it says it is
        ("gateway", "orders"),
        ("orders", "gateway"),
        ("gateway", "gateway-itself"),
        ("notifications", "auditor"),
    ],
)
async def test_a_caller_is_refused_what_its_certificate_is_not_listed_for(
    identity: Identity, authority: Authority, certificate: str, claims: str
) -> None:
    tls = files_of(authority, certificate)
    async with calling(identity.address, tls, claims) as contact:
        together = [refusal(contact()) for _ in range(3)]
        assert await asyncio.gather(*together) == ["forbidden"] * 3
    assert identity.accounts.handled == 0


async def test_the_gateways_certificate_bears_both_its_names(
    identity: Identity, authority: Authority
) -> None:
    peer = Peer("identity", identity.address, service="gateway", tls=files_of(authority, "gateway"))
    stub = account_pb2_grpc.AccountServiceStub(peer.channel)
    await peer.call(stub.GetMe, account_pb2.GetMeRequest())
    itself = [("soko-service", "gateway-itself")]
    with pytest.raises(ServiceError, match="may not"):
        await peer.call(stub.GetMe, account_pb2.GetMeRequest(), metadata=itself)
    await peer.close()


async def test_without_a_good_certificate_nobody_gets_as_far_as_asking(
    identity: Identity, authority: Authority, tmp_path: Path
) -> None:
    own = files_of(authority, "notifications")
    foreign = files_of(Authority(tmp_path / "foreign"), "orders")
    expired = files_of(authority, "orders", -timedelta(minutes=1))
    for tls in (TlsFiles(foreign.cert, foreign.key, own.ca), expired, None):
        async with calling(identity.address, tls, "orders") as contact:
            assert await refusal(contact()) == "unavailable"
    bare = grpc.ssl_channel_credentials(own.ca.read_bytes())
    options = (("grpc.ssl_target_name_override", "identity"),)
    async with grpc.aio.secure_channel(identity.address, bare, options) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await check(health_pb2.HealthCheckRequest(), timeout=5)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert identity.accounts.handled == 0


async def test_a_client_believes_the_right_name_of_its_own_authority_alone(
    identity: Identity, authority: Authority, tmp_path: Path
) -> None:
    orders = files_of(authority, "orders")
    foreign = files_of(Authority(tmp_path / "foreign"), "orders")
    async with calling(identity.address, orders, "orders", name="payments") as contact:
        assert await refusal(contact()) == "unavailable"
    tls = TlsFiles(orders.cert, orders.key, foreign.ca)
    async with calling(identity.address, tls, "orders") as contact:
        assert await refusal(contact()) == "unavailable"


async def test_replaced_certificates_are_taken_up_without_a_restart(
    identity: Identity, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another authority takes over; both ends read its certificates from the same files."""
    monkeypatch.setattr("chassis.grpc_client._LOOK_AGAIN_S", 0.0)
    orders = files_of(authority, "orders")
    successor = Authority(tmp_path / "successor")
    async with calling(identity.address, orders, "orders") as contact:
        assert await contact("before") == "before"
        for process in ("identity", "orders"):
            issued = successor.issue(process, NAMES[process], DAY)
            for file in issued.iterdir():
                file.rename(authority.folder / process / file.name)
        assert await contact("after") == "after"
        assert identity.accounts.shown == orders.cert.read_bytes()
        # The one that was replaced is believed no more.
        former = files_of(authority, "notifications")
        async with calling(identity.address, former, "notifications") as other:
            assert await refusal(other()) == "unavailable"


async def test_an_authority_is_replaced_while_both_are_believed(
    identity: Identity, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.grpc_client._LOOK_AGAIN_S", 0.0)
    orders, successor = files_of(authority, "orders"), Authority(tmp_path / "successor")
    both = (authority.folder / "ca.pem").read_text() + (successor.folder / "ca.pem").read_text()
    alone = (successor.folder / "ca.pem").read_text()

    def replace(process: str, name: str, content: str) -> None:
        new = authority.folder / process / f"{name}.new"
        new.write_text(content)
        new.rename(authority.folder / process / name)

    async with calling(identity.address, orders, "orders") as contact:
        steps = [(process, "ca") for process in ("identity", "orders")]
        steps += [(process, "cert") for process in ("orders", "identity")]
        steps += [(process, "alone") for process in ("identity", "orders")]
        for process, step in steps:
            if step == "cert":
                issued = successor.issue(process, NAMES[process], DAY)
                replace(process, "key.pem", (issued / "key.pem").read_text())
                replace(process, "cert.pem", (issued / "cert.pem").read_text())
            else:
                replace(process, "ca.pem", both if step == "ca" else alone)
            assert await contact(f"{process} {step}") == f"{process} {step}"
        assert identity.accounts.shown == orders.cert.read_bytes()


async def test_a_half_written_certificate_leaves_the_former_in_use(
    identity: Identity, authority: Authority
) -> None:
    shown = authority.folder / "identity"
    (shown / "cert.pem").write_text("half of it")
    async with calling(identity.address, files_of(authority, "orders"), "orders") as contact:
        assert await contact() == "usr_x"
        (shown / "key.pem").unlink()
    async with calling(identity.address, files_of(authority, "orders"), "orders") as contact:
        assert await contact() == "usr_x"
