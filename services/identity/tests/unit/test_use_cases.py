"""Use cases over the stores in memory: what the end-to-end tests cannot see or provoke."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.clock import FixedClock
from chassis.ids import new_id
from identity.adapters.totp_seeds import SealedTotpSeeds
from identity.adapters.vault import Vault
from identity.app.caller import Caller
from identity.app.confirm_totp import ConfirmTotp
from identity.app.create_ws_ticket import CreateWsTicket, CreateWsTicketHandler
from identity.app.get_me import GetMeHandler
from identity.app.grant_role import GrantRole, GrantRoleHandler
from identity.app.list_revoked_sessions import ListRevokedSessionsHandler
from identity.app.login import LogIn, LogInHandler
from identity.app.opaque_token import OpaqueToken
from identity.app.open_seller import OpenSeller, OpenSellerHandler
from identity.app.ports import Credentials, NewSeed, Tokens
from identity.app.prove import Prover
from identity.app.redeem_ws_ticket import RedeemWsTicket, RedeemWsTicketHandler
from identity.app.refresh import Refresh, RefreshHandler
from identity.app.register import Register, RegisterHandler
from identity.app.revoke_role import RevokeRole, RevokeRoleHandler
from identity.app.step_up import StepUp
from identity.app.sweep import SweepHandler
from identity.domain.account import email_key
from identity.domain.errors import (
    AccountNotFound,
    InvalidCredentials,
    SessionEnded,
    TicketInvalid,
    TooManySellers,
    ValidationFailed,
)
from identity.domain.second_factor import TotpFactor
from identity.domain.seller import MAX_OPENED_PER_ACCOUNT
from identity.domain.session import KEPT_AFTER_END, SESSION_LIFE
from services.identity.tests.builders import NOW, PASSWORD, make_email, make_seller, registered
from services.identity.tests.conftest import Stores
from services.identity.tests.fakes import Memory, PlainPasswords, ReadableTokens


@pytest.fixture
def passwords() -> PlainPasswords:
    return PlainPasswords()


@pytest.fixture
def register(
    memory_stores: Stores, passwords: PlainPasswords, clock: FixedClock
) -> RegisterHandler:
    return RegisterHandler(memory_stores.accounts, passwords, ReadableTokens(), clock, "sw")


@pytest.fixture
def log_in(memory_stores: Stores, passwords: PlainPasswords, clock: FixedClock) -> LogInHandler:
    stores = memory_stores
    seeds = SealedTotpSeeds(Vault([bytes(32)]), "Soko")
    prover = Prover(stores.accounts, stores.factors, seeds, passwords)
    return LogInHandler(
        stores.accounts, stores.sessions, passwords, ReadableTokens(), clock, prover
    )


def caller_of(memory: Memory, email: str) -> Caller:
    [account] = [known for known in memory.accounts.values() if known.email == email]
    [session_id] = [
        key for key, session in memory.sessions.items() if session.account_id == account.id
    ]
    return Caller(account.id, session_id)


async def test_a_missing_locale_is_the_deployments(register: RegisterHandler) -> None:
    account, _ = await register.handle(Register(make_email(), PASSWORD, "Sample"))
    assert account.locale == "sw"


async def test_all_wrong_fields_are_told_at_once(register: RegisterHandler) -> None:
    with pytest.raises(ValidationFailed) as raised:
        await register.handle(Register("", PASSWORD, "", "!"))
    assert [pointer for pointer, _ in raised.value.violations] == ["/email", "/name", "/locale"]


def test_what_holds_a_secret_does_not_show_it() -> None:
    values = [
        Register("a@soko.example", PASSWORD, "Sample"),
        LogIn("a@soko.example", PASSWORD, PASSWORD),
        StepUp(Caller(new_id(), new_id()), PASSWORD, PASSWORD),
        ConfirmTotp(Caller(new_id(), new_id()), PASSWORD),
        NewSeed(PASSWORD, PASSWORD, PASSWORD.encode()),
        TotpFactor(PASSWORD.encode(), confirmed=True, last_step=0),
        Refresh(PASSWORD),
        RedeemWsTicket(PASSWORD),
        Tokens(PASSWORD, PASSWORD),
        OpaqueToken(PASSWORD, b""),
        Credentials(new_id(), PASSWORD, NOW),
    ]
    assert PASSWORD not in repr(values)


async def test_every_refused_login_checks_one_hash(
    register: RegisterHandler, log_in: LogInHandler, passwords: PlainPasswords
) -> None:
    email = make_email()
    await register.handle(Register(email, PASSWORD, "Sample"))
    attempts = [LogIn(email, "wrong"), LogIn(make_email(), PASSWORD), LogIn(email, "x" * 5000)]
    for count, attempt in enumerate(attempts, 1):
        with pytest.raises(InvalidCredentials):
            await log_in.handle(attempt)
        assert passwords.checked == count


async def test_a_password_that_is_too_long_is_not_cut_to_one_that_fits(
    register: RegisterHandler, log_in: LogInHandler
) -> None:
    email, password = make_email(), "x" * 128
    await register.handle(Register(email, password, "Sample"))
    await log_in.handle(LogIn(email, password))
    with pytest.raises(InvalidCredentials):
        await log_in.handle(LogIn(email, password + "x"))


async def test_a_weak_hash_is_renewed_at_login(
    register: RegisterHandler,
    log_in: LogInHandler,
    passwords: PlainPasswords,
    memory_stores: Stores,
    memory: Memory,
) -> None:
    email = make_email()
    account, _ = await register.handle(Register(email, PASSWORD, "Sample"))
    known = memory.credentials[account.id]
    await memory_stores.accounts.replace_hash(account.id, known.password_hash, "old")
    passwords.outdated = True
    with pytest.raises(InvalidCredentials):
        await log_in.handle(LogIn(email, PASSWORD))
    await memory_stores.accounts.replace_hash(account.id, "old", known.password_hash)
    await log_in.handle(LogIn(email, PASSWORD))
    renewed = await memory_stores.accounts.credentials_of(email_key(email))
    assert renewed is not None
    assert renewed.password_hash == f"hash of {PASSWORD}"


async def test_a_session_ends_by_itself(
    register: RegisterHandler, memory_stores: Stores, memory: Memory, clock: FixedClock
) -> None:
    email = make_email()
    await register.handle(Register(email, PASSWORD, "Sample"))
    caller = caller_of(memory, email)
    handler = GetMeHandler(memory_stores.accounts, clock)
    assert (await handler.handle(caller)).email == email
    clock.advance(SESSION_LIFE)
    with pytest.raises(SessionEnded):
        await handler.handle(caller)


async def test_a_ticket_ends_after_a_minute(memory_stores: Stores, clock: FixedClock) -> None:
    _, caller, _ = await registered(memory_stores.accounts)
    create = CreateWsTicketHandler(memory_stores.sessions, clock)
    redeem = RedeemWsTicketHandler(memory_stores.sessions, clock)
    early = await create.handle(CreateWsTicket(caller))
    late = await create.handle(CreateWsTicket(caller))
    clock.advance(timedelta(seconds=59))
    assert (await redeem.handle(RedeemWsTicket(early))).session_id == caller.session_id
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TicketInvalid):
        await redeem.handle(RedeemWsTicket(late))


async def test_revoked_sessions_are_listed_for_fifteen_minutes(
    memory_stores: Stores, clock: FixedClock
) -> None:
    _, caller, token = await registered(memory_stores.accounts)
    await memory_stores.sessions.revoke(caller.account_id, caller.session_id, NOW)
    handler = ListRevokedSessionsHandler(memory_stores.sessions, memory_stores.keys, clock)
    clock.advance(timedelta(minutes=15))
    assert await handler.handle() == ([caller.session_id], [])
    clock.advance(timedelta(seconds=1))
    assert await handler.handle() == ([], [])
    assert token.text


async def test_tokens_of_a_refresh_say_what_the_account_may_do_now(
    memory_stores: Stores, clock: FixedClock
) -> None:
    account, _, token = await registered(memory_stores.accounts)
    await memory_stores.accounts.replace_roles(account.id, frozenset({"operator"}), NOW)
    handler = RefreshHandler(memory_stores.sessions, ReadableTokens(), clock)
    tokens = await handler.handle(Refresh(token.text))
    assert tokens.access_token.endswith("buyer,operator")


async def test_an_account_opens_so_many_sellers_and_no_more(
    memory_stores: Stores, clock: FixedClock
) -> None:
    account, caller, _ = await registered(memory_stores.accounts)
    for _ in range(MAX_OPENED_PER_ACCOUNT):
        await memory_stores.sellers.open(make_seller(), account.id)
    handler = OpenSellerHandler(memory_stores.accounts, memory_stores.sellers, clock)
    with pytest.raises(TooManySellers):
        await handler.handle(OpenSeller(caller, new_id(), "Duka", "KE", "KES"))


async def test_granting_adds_to_the_roles_and_says_whether_it_did(
    memory_stores: Stores, memory: Memory, clock: FixedClock
) -> None:
    account, _, _ = await registered(memory_stores.accounts)
    handler = GrantRoleHandler(memory_stores.accounts, clock)
    for role, added in (("operator", True), ("admin", True), ("admin", False), ("buyer", False)):
        known, new = await handler.handle(GrantRole(account.email.upper(), role))
        assert new is added
    assert known.roles == ["admin", "buyer", "operator"]
    assert memory.told[2:] == ["role_granted", "role_granted"]
    with pytest.raises(AccountNotFound):
        await handler.handle(GrantRole("nobody@soko.example", "admin"))
    with pytest.raises(ValidationFailed):
        await handler.handle(GrantRole(account.email, "emperor"))


async def test_a_sweep_goes_on_until_nothing_is_left(
    memory_stores: Stores, memory: Memory, clock: FixedClock
) -> None:
    await registered(memory_stores.accounts)
    handler = SweepHandler([memory_stores.sessions], clock)
    assert await handler.handle() == 0
    clock.advance(SESSION_LIFE + KEPT_AFTER_END)
    assert await handler.handle() == 2
    assert (memory.sessions, memory.tokens) == ({}, {})


async def test_revoking_takes_a_role_and_says_whether_it_did(
    memory_stores: Stores, clock: FixedClock
) -> None:
    account, _, _ = await registered(memory_stores.accounts)
    await memory_stores.accounts.replace_roles(
        account.id, frozenset({"operator", "moderator"}), NOW
    )
    handler = RevokeRoleHandler(memory_stores.accounts, clock)
    for role, taken in (("operator", True), ("operator", False), ("buyer", False)):
        known, had = await handler.handle(RevokeRole(account.email.upper(), role))
        assert had is taken
    assert known.roles == ["buyer", "moderator"]
    with pytest.raises(AccountNotFound):
        await handler.handle(RevokeRole("nobody@soko.example", "admin"))
    with pytest.raises(ValidationFailed):
        await handler.handle(RevokeRole(account.email, "emperor"))


async def test_a_failed_login_is_noted_whether_the_address_is_known_or_not(
    register: RegisterHandler, log_in: LogInHandler, memory: Memory
) -> None:
    email = make_email()
    account, _ = await register.handle(Register(email, PASSWORD, "Sample"))
    for address in (email, "nobody@soko.example"):
        with pytest.raises(InvalidCredentials):
            await log_in.handle(LogIn(address, "not the one"))
    await log_in.handle(LogIn(email, PASSWORD))
    assert memory.failures == [("login_failed", account.id), ("login_failed", None)]
