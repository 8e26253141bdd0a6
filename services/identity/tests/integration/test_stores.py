"""One suite for the stores in memory and on PostgreSQL: the fakes keep the same promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.database import Database
from chassis.ids import new_id
from identity.app.opaque_token import new_token
from identity.domain.account import Account, Membership, email_key
from identity.domain.errors import (
    EmailTaken,
    LastOwner,
    MemberNotFound,
    RoleRequired,
    SellerNotFound,
    SlugTaken,
)
from identity.domain.seller import OWNER
from identity.domain.session import (
    KEPT_AFTER_END,
    MAX_OPEN_TICKETS,
    REFRESH_TOKEN_LIFE,
    SESSION_LIFE,
    TICKET_LIFE,
    NewTicket,
)
from services.identity.tests.builders import (
    NOW,
    make_account,
    make_email,
    make_seller,
    make_session,
    registered,
)
from services.identity.tests.conftest import Stores

LATER = NOW + timedelta(minutes=5)
SECOND = timedelta(seconds=1)


async def test_a_registered_account_is_found_by_id_address_and_session(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    assert await stores.accounts.find(account.id) == account
    assert await stores.accounts.find_by_email(email_key(account.email.upper())) == account
    assert await stores.accounts.of_session(account.id, caller.session_id, NOW) == account
    known = await stores.accounts.credentials_of(email_key(account.email))
    assert known is not None
    assert (known.account_id, known.password_hash) == (account.id, "hash-1")


async def test_nobody_is_found_by_what_is_not_known(stores: Stores) -> None:
    assert await stores.accounts.find(new_id()) is None
    assert await stores.accounts.find_by_email("nobody@soko.example") is None
    assert await stores.accounts.credentials_of("nobody@soko.example") is None
    assert await stores.accounts.change_profile(new_id(), "Sample", None, NOW) is None
    assert await stores.accounts.replace_roles(new_id(), frozenset({"admin"}), NOW) is None


async def test_an_address_has_one_account_whatever_its_case(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    other = make_account(account.email.upper())
    with pytest.raises(EmailTaken):
        await stores.accounts.register(other, "hash", make_session(other, new_token()))
    assert await stores.accounts.find(other.id) is None


async def test_of_many_registrations_of_one_address_one_succeeds(stores: Stores) -> None:
    email = make_email()
    outcomes = await asyncio.gather(
        *(registered(stores.accounts, email) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 9


async def test_another_accounts_session_is_not_the_callers(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    _, foreign, _ = await registered(stores.accounts)
    assert await stores.accounts.of_session(account.id, foreign.session_id, NOW) is None
    assert not await stores.sessions.revoke(account.id, foreign.session_id, NOW)
    stolen = NewTicket(new_token().hash, account.id, foreign.session_id, NOW)
    assert not await stores.sessions.add_ticket(stolen)


async def test_a_profile_changes_where_it_is_told_to(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    changed = await stores.accounts.change_profile(account.id, "Sample", None, LATER)
    assert changed == replace(account, name="Sample")
    changed = await stores.accounts.change_profile(account.id, None, "fr", LATER)
    assert changed == replace(account, name="Sample", locale="fr")


async def test_roles_are_replaced_as_a_whole(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    changed = await stores.accounts.replace_roles(
        account.id, frozenset({"operator", "moderator"}), LATER
    )
    assert changed is not None
    assert changed.roles == ["buyer", "moderator", "operator"]
    changed = await stores.accounts.replace_roles(account.id, frozenset(), LATER)
    assert changed is not None
    assert changed.roles == ["buyer"]
    now = await stores.accounts.of_session(account.id, caller.session_id, NOW)
    assert now is not None
    assert not now.granted_roles


async def test_a_hash_is_renewed_only_over_the_one_that_was_verified(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    await stores.accounts.replace_hash(account.id, "another", "hash-2")
    await stores.accounts.replace_hash(account.id, "hash-1", "hash-3")
    known = await stores.accounts.credentials_of(email_key(account.email))
    assert known is not None
    assert known.password_hash == "hash-3"


async def test_a_session_opens_for_the_password_that_was_verified(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    session = make_session(account, new_token(), LATER)
    assert await stores.sessions.open(session, NOW) == account
    outdated = make_session(account, new_token(), LATER)
    assert await stores.sessions.open(outdated, NOW - SECOND) is None
    nobodys = make_session(make_account(), new_token(), LATER)
    assert await stores.sessions.open(nobodys, NOW) is None


async def test_a_refresh_token_is_good_once_and_its_successor_follows(stores: Stores) -> None:
    account, caller, first = await registered(stores.accounts)
    second, third = new_token(), new_token()
    opened = await stores.sessions.rotate(first.hash, second.hash, LATER)
    assert opened is not None
    assert (opened.session_id, opened.account) == (caller.session_id, account)
    assert await stores.sessions.rotate(first.hash, third.hash, LATER) is None
    assert await stores.sessions.rotate(second.hash, third.hash, LATER) is not None


async def test_a_refresh_token_reaches_its_end(stores: Stores) -> None:
    _, _, token = await registered(stores.accounts)
    end = NOW + REFRESH_TOKEN_LIFE
    assert await stores.sessions.rotate(token.hash, new_token().hash, end) is None
    assert not await stores.sessions.revoke_if_reused(token.hash, end)
    assert await stores.sessions.rotate(token.hash, new_token().hash, end - SECOND) is not None


async def test_a_session_reaches_its_end_however_often_it_is_used(stores: Stores) -> None:
    _, _, token = await registered(stores.accounts)
    at = NOW
    while at + REFRESH_TOKEN_LIFE < NOW + SESSION_LIFE:
        at += REFRESH_TOKEN_LIFE - SECOND
        successor = new_token()
        assert await stores.sessions.rotate(token.hash, successor.hash, at) is not None
        token = successor
    end = NOW + SESSION_LIFE
    assert await stores.sessions.rotate(token.hash, new_token().hash, end) is None


async def test_an_unknown_token_is_not_a_reused_one(stores: Stores) -> None:
    unknown = new_token().hash
    assert await stores.sessions.rotate(unknown, new_token().hash, NOW) is None
    assert not await stores.sessions.revoke_if_reused(unknown, NOW)


async def test_reuse_of_a_token_ends_the_session_and_its_newest_token(stores: Stores) -> None:
    account, caller, first = await registered(stores.accounts)
    second = new_token()
    await stores.sessions.rotate(first.hash, second.hash, NOW)
    assert not await stores.sessions.revoke_if_reused(second.hash, NOW)
    assert await stores.sessions.revoke_if_reused(first.hash, LATER)
    assert await stores.sessions.revoke_if_reused(first.hash, LATER)
    assert await stores.sessions.rotate(second.hash, new_token().hash, LATER) is None
    assert await stores.accounts.of_session(account.id, caller.session_id, LATER) is None
    assert not await stores.sessions.revoke(account.id, caller.session_id, LATER)


async def test_of_many_refreshes_at_once_one_gets_a_token(stores: Stores) -> None:
    _, _, token = await registered(stores.accounts)
    successors = [new_token() for _ in range(20)]
    outcomes = await asyncio.gather(
        *(stores.sessions.rotate(token.hash, new.hash, LATER) for new in successors)
    )
    assert sum(outcome is not None for outcome in outcomes) == 1
    alive = await asyncio.gather(
        *(stores.sessions.rotate(new.hash, new_token().hash, LATER) for new in successors)
    )
    assert sum(outcome is not None for outcome in alive) == 1


async def test_a_revoked_session_is_listed_and_gives_nothing(stores: Stores) -> None:
    account, caller, token = await registered(stores.accounts)
    assert await stores.sessions.revoke(account.id, caller.session_id, LATER)
    assert caller.session_id in await stores.sessions.revoked_since(LATER, 100)
    assert caller.session_id not in await stores.sessions.revoked_since(LATER + SECOND, 100)
    assert await stores.sessions.rotate(token.hash, new_token().hash, LATER) is None
    ticket = NewTicket(new_token().hash, account.id, caller.session_id, LATER)
    assert not await stores.sessions.add_ticket(ticket)


async def test_a_ticket_is_good_once(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    ticket = new_token()
    stored = NewTicket(ticket.hash, account.id, caller.session_id, NOW)
    assert await stores.sessions.add_ticket(stored)
    outcomes = await asyncio.gather(
        *(stores.sessions.use_ticket(ticket.hash, NOW + SECOND) for _ in range(10))
    )
    [found] = [outcome for outcome in outcomes if outcome is not None]
    assert (found.account, found.session_id) == (account, caller.session_id)


async def test_a_ticket_is_good_for_a_minute_and_while_its_session_is(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    late, orphan = new_token(), new_token()
    for ticket in (late, orphan):
        await stores.sessions.add_ticket(NewTicket(ticket.hash, account.id, caller.session_id, NOW))
    assert await stores.sessions.use_ticket(late.hash, NOW + TICKET_LIFE) is None
    await stores.sessions.revoke(account.id, caller.session_id, NOW)
    assert await stores.sessions.use_ticket(orphan.hash, NOW) is None


async def test_a_session_keeps_its_newest_tickets_only(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    tickets = [new_token() for _ in range(MAX_OPEN_TICKETS + 1)]
    for number, ticket in enumerate(tickets):
        at = NOW + timedelta(milliseconds=number)
        stored = NewTicket(ticket.hash, account.id, caller.session_id, at)
        assert await stores.sessions.add_ticket(stored)
    assert await stores.sessions.use_ticket(tickets[0].hash, NOW) is None
    for ticket in tickets[1:]:
        assert await stores.sessions.use_ticket(ticket.hash, NOW) is not None


async def test_the_newest_revocations_are_listed_first(stores: Stores) -> None:
    callers = [(await registered(stores.accounts))[1] for _ in range(3)]
    at = NOW + timedelta(days=3650)
    for number, caller in enumerate(callers):
        await stores.sessions.revoke(caller.account_id, caller.session_id, at + number * SECOND)
    assert await stores.sessions.revoked_since(at, 2) == [
        callers[2].session_id,
        callers[1].session_id,
    ]


async def test_sweeping_takes_what_is_over_and_leaves_the_rest(stores: Stores) -> None:
    account, live, live_token = await registered(stores.accounts, at=LATER)
    _, ended, ended_token = await registered(stores.accounts, at=NOW)
    await stores.sessions.rotate(ended_token.hash, new_token().hash, NOW)
    await stores.sessions.revoke(ended.account_id, ended.session_id, NOW)
    ticket = new_token()
    await stores.sessions.add_ticket(NewTicket(ticket.hash, account.id, live.session_id, NOW))
    assert await stores.sessions.revoke_if_reused(ended_token.hash, NOW)
    later = NOW + KEPT_AFTER_END
    assert await stores.sessions.sweep(later - SECOND, 1000) >= 1
    assert await stores.sessions.revoke_if_reused(ended_token.hash, later)
    assert await stores.sessions.sweep(later, 1000) >= 1
    assert not await stores.sessions.revoke_if_reused(ended_token.hash, later)
    assert await stores.accounts.of_session(account.id, live.session_id, NOW) == account
    assert await stores.sessions.rotate(live_token.hash, new_token().hash, NOW) is not None


async def owner_of(stores: Stores, seller_name: str = "Duka") -> tuple[Account, Membership]:
    account, _, _ = await registered(stores.accounts)
    seller = make_seller(seller_name)
    assert await stores.sellers.open(seller, account.id)
    return account, Membership(seller.id, seller.slug, seller.name, OWNER)


async def test_whoever_opens_a_seller_owns_it(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    seller = make_seller()
    assert await stores.sellers.open(seller, account.id)
    assert await stores.sellers.find(seller.id) == seller
    assert await stores.sellers.find_by_slug(seller.slug) == seller
    assert await stores.sellers.role_of(seller.id, account.id) == OWNER
    assert await stores.sellers.count_opened(account.id) == 1
    heir, _, _ = await registered(stores.accounts)
    async with stores.sellers.roster(seller.id) as roster:
        roster.put(account.id, heir.id, OWNER)
    assert await stores.sellers.count_opened(heir.id) == 0
    known = await stores.accounts.of_session(account.id, caller.session_id, NOW)
    assert known is not None
    assert known.memberships == (Membership(seller.id, seller.slug, seller.name, OWNER),)


async def test_a_seller_is_opened_once_under_one_id(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    seller = make_seller()
    outcomes = await asyncio.gather(*(stores.sellers.open(seller, account.id) for _ in range(10)))
    assert sum(outcomes) == 1


async def test_a_slug_belongs_to_one_seller(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    seller = make_seller()
    await stores.sellers.open(seller, account.id)
    with pytest.raises(SlugTaken):
        await stores.sellers.open(replace(seller, id=new_id()), account.id)


async def test_a_seller_changes_where_it_is_told_to(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    seller = make_seller()
    await stores.sellers.open(seller, account.id)
    changed = await stores.sellers.change(seller.id, "Duka Kuu", None, LATER)
    assert changed == replace(seller, name="Duka Kuu")
    assert await stores.sellers.change(seller.id, None, None, LATER) == changed
    changed = await stores.sellers.change(seller.id, None, "Africa/Kampala", LATER)
    assert changed == replace(seller, name="Duka Kuu", timezone="Africa/Kampala")
    assert await stores.sellers.find(seller.id) == changed
    assert await stores.sellers.change(new_id(), "Duka", None, LATER) is None


async def test_members_come_the_mightiest_first(stores: Stores) -> None:
    owner, seller = await owner_of(stores)
    for role in ("viewer", "manager"):
        account, _, _ = await registered(stores.accounts)
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.put(owner.id, account.id, role)
    members = await stores.sellers.members(seller.seller_id)
    assert [member.role for member in members] == ["owner", "manager", "viewer"]
    assert members[0].email == owner.email


async def test_a_membership_is_made_changed_and_ended(stores: Stores) -> None:
    owner, seller = await owner_of(stores)
    account, _, _ = await registered(stores.accounts)
    for role in ("viewer", "finance"):
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.put(owner.id, account.id, role)
        assert await stores.sellers.role_of(seller.seller_id, account.id) == role
    async with stores.sellers.roster(seller.seller_id) as roster:
        roster.remove(owner.id, account.id)
    assert await stores.sellers.role_of(seller.seller_id, account.id) is None
    with pytest.raises(MemberNotFound):
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.remove(owner.id, account.id)


async def test_a_refused_change_leaves_the_members_as_they_were(stores: Stores) -> None:
    owner, seller = await owner_of(stores)
    viewer, _, _ = await registered(stores.accounts)
    with pytest.raises(SellerNotFound):
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.put(viewer.id, viewer.id, "owner")
    async with stores.sellers.roster(seller.seller_id) as roster:
        roster.put(owner.id, viewer.id, "viewer")
    with pytest.raises(RoleRequired):
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.put(viewer.id, viewer.id, "owner")
    with pytest.raises(SellerNotFound):
        async with stores.sellers.roster(new_id()) as roster:
            roster.put(owner.id, viewer.id, "viewer")
    assert await stores.sellers.role_of(seller.seller_id, viewer.id) == "viewer"


async def test_of_two_owners_who_leave_at_once_one_has_to_stay(
    postgres_stores: Stores,
) -> None:
    stores = postgres_stores
    first, seller = await owner_of(stores)
    second, _, _ = await registered(stores.accounts)
    async with stores.sellers.roster(seller.seller_id) as roster:
        roster.put(first.id, second.id, OWNER)

    async def leave(account: Account) -> None:
        async with stores.sellers.roster(seller.seller_id) as roster:
            roster.remove(account.id, account.id)

    outcomes = await asyncio.gather(leave(first), leave(second), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [LastOwner]
    assert len(await stores.sellers.members(seller.seller_id)) == 1


async def test_no_secret_stands_in_the_database(postgres_stores: Stores, db: Database) -> None:
    account, caller, token = await registered(postgres_stores.accounts)
    ticket = new_token()
    await postgres_stores.sessions.add_ticket(
        NewTicket(ticket.hash, account.id, caller.session_id, NOW)
    )
    rows = await db.fetch_all("SELECT t::text AS row FROM refresh_token t")
    rows += await db.fetch_all("SELECT t::text AS row FROM ws_ticket t")
    text = "".join(row["row"] for row in rows)
    for secret in (token.text, ticket.text):
        assert secret not in text
        assert secret.encode().hex() not in text
