"""SellerService end to end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.ids import format_id, new_id
from services.identity.tests.builders import make_email
from services.identity.tests.integration.conftest import Client, Person, refusal
from soko.identity.v1 import account_pb2, seller_pb2


async def open_seller(
    client: Client, by: Person | None, name: str = "Duka la Sample", key: str = "", **changes: str
) -> seller_pb2.Seller:
    fields = {"country": "KE", "currency": "KES", "timezone": "Africa/Nairobi", **changes}
    request = seller_pb2.OpenSellerRequest(name=name, **fields)
    answer = await client.call(client.sellers.OpenSeller, request, by, key)
    seller: seller_pb2.Seller = answer.seller
    return seller


async def put(client: Client, by: Person, seller: str, email: str, role: str, key: str = "") -> Any:
    request = seller_pb2.PutMemberRequest(id_or_slug=seller, email=email, role=role)
    return await client.call(client.sellers.PutMember, request, by, key)


async def remove(client: Client, by: Person, seller: str, account_id: str) -> Any:
    request = seller_pb2.RemoveMemberRequest(id_or_slug=seller, account_id=account_id)
    return await client.call(client.sellers.RemoveMember, request, by)


async def members(client: Client, by: Person | None, seller: str) -> list[tuple[str, str]]:
    request = seller_pb2.ListMembersRequest(id_or_slug=seller)
    answer = await client.call(client.sellers.ListMembers, request, by)
    return [(member.account_id, member.role) for member in answer.members]


async def role_of(client: Client, seller_id: str, account_id: str) -> str:
    request = seller_pb2.GetMembershipRequest(seller_id=seller_id, account_id=account_id)
    answer = await client.call_as_service(client.sellers.GetMembership, request)
    role: str = answer.role
    return role


async def test_a_new_seller_is_public_and_its_opener_owns_it(client: Client) -> None:
    person = await client.person()
    name = f"Duka la Sample {new_id().hex}"
    seller = await open_seller(client, person, name)
    assert seller.slug == name.lower().replace(" ", "-")
    assert (seller.country, seller.currency) == ("KE", "KES")
    assert (seller.timezone, seller.status) == ("Africa/Nairobi", "active")
    assert seller.created_at.seconds > 0
    for text in (seller.id, seller.slug):
        request = seller_pb2.GetSellerRequest(id_or_slug=text)
        assert (await client.call(client.sellers.GetSeller, request)).seller == seller
    me = await client.call(client.accounts.GetMe, account_pb2.GetMeRequest(), person)
    [membership] = me.account.sellers
    assert (membership.seller_id, membership.slug) == (seller.id, seller.slug)
    assert (membership.name, membership.role) == (name, "owner")
    assert await role_of(client, seller.id, person.id) == "owner"


async def test_sellers_of_one_name_get_addresses_of_their_own(client: Client) -> None:
    person = await client.person()
    sellers = [await open_seller(client, person) for _ in range(3)]
    assert len({seller.slug for seller in sellers}) == 3
    assert all(seller.slug.startswith("duka-la-sample") for seller in sellers)


async def test_a_name_without_latin_letters_gets_an_address_too(client: Client) -> None:
    seller = await open_seller(client, await client.person(), "متجر")
    assert seller.slug.startswith("seller")


async def test_a_missing_time_zone_is_utc(client: Client) -> None:
    assert (await open_seller(client, await client.person(), timezone="")).timezone == "UTC"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "a\nb"),
        ("country", "XX"),
        ("country", "ke"),
        ("currency", "ABC"),
        ("currency", ""),
        ("timezone", "Africa/Atlantis"),
        ("timezone", "../etc/passwd"),
        ("timezone", "Africa"),
    ],
)
async def test_a_seller_with_a_wrong_field_is_refused_and_says_which(
    client: Client, field: str, value: str
) -> None:
    person = await client.person()
    error = await refusal(open_seller(client, person, **{field: value}))
    assert (error.kind, error.code) == ("invalid", "validation_failed")
    assert [violation.pointer for violation in error.violations] == [f"/{field}"]


async def test_a_guest_opens_nothing(client: Client) -> None:
    assert (await refusal(open_seller(client, None))).code == "authentication_required"


async def test_a_repeated_request_opens_one_seller(client: Client) -> None:
    person = await client.person()
    first = await open_seller(client, person, key="k1")
    assert await open_seller(client, person, key="k1") == first
    assert await open_seller(client, person, key="k2") != first
    error = await refusal(open_seller(client, person, "Another", key="k1"))
    assert error.code == "idempotency_key_reused"


async def test_a_request_repeated_after_a_lost_answer_opens_one_seller(
    client: Client, db: Any
) -> None:
    person = await client.person()
    first = await open_seller(client, person, key="k")
    await db.execute(
        "DELETE FROM idempotency_key WHERE scope = %(scope)s", {"scope": person.access_token}
    )
    assert await open_seller(client, person, key="k") == first


@pytest.mark.parametrize(
    "text", ["nobody-here", "sel_1", format_id("sel", new_id()), "", "\0", "A b", "x" * 500]
)
async def test_an_unknown_seller_is_not_found(client: Client, text: str) -> None:
    person = await client.person()
    for method, request in [
        (client.sellers.GetSeller, seller_pb2.GetSellerRequest(id_or_slug=text)),
        (client.sellers.UpdateSeller, seller_pb2.UpdateSellerRequest(id_or_slug=text)),
        (client.sellers.ListMembers, seller_pb2.ListMembersRequest(id_or_slug=text)),
        (client.sellers.PutMember, seller_pb2.PutMemberRequest(id_or_slug=text)),
    ]:
        assert (await refusal(client.call(method, request, person))).kind == "not_found"


async def test_owners_and_managers_change_a_seller(client: Client) -> None:
    owner, manager, viewer, stranger = [await client.person() for _ in range(4)]
    seller = await open_seller(client, owner)
    await put(client, owner, seller.slug, manager.email, "manager")
    await put(client, owner, seller.slug, viewer.email, "viewer")

    async def rename(by: Person, name: str) -> seller_pb2.Seller:
        request = seller_pb2.UpdateSellerRequest(id_or_slug=seller.id, name=name)
        answer = await client.call(client.sellers.UpdateSeller, request, by)
        changed: seller_pb2.Seller = answer.seller
        return changed

    assert (await rename(owner, "Duka Kuu")).name == "Duka Kuu"
    changed = await rename(manager, " Duka Jipya ")
    assert (changed.name, changed.slug, changed.timezone) == (
        "Duka Jipya",
        seller.slug,
        seller.timezone,
    )
    assert (await refusal(rename(viewer, "Else"))).kind == "forbidden"
    assert (await refusal(rename(stranger, "Else"))).kind == "not_found"
    request = seller_pb2.UpdateSellerRequest(id_or_slug=seller.id, name="", timezone="Nowhere")
    error = await refusal(client.call(client.sellers.UpdateSeller, request, owner))
    assert [violation.pointer for violation in error.violations] == ["/name", "/timezone"]


async def test_an_owner_adds_changes_and_removes_members(client: Client) -> None:
    owner, person = await client.person(), await client.person()
    seller = await open_seller(client, owner)
    answer = await put(client, owner, seller.id, person.email.upper(), "fulfilment", key="m")
    assert (answer.member.account_id, answer.member.role) == (person.id, "fulfilment")
    assert answer.member.email == person.email
    await put(client, owner, seller.id, person.email, "finance")
    assert await members(client, person, seller.slug) == [
        (owner.id, "owner"),
        (person.id, "finance"),
    ]
    await remove(client, owner, seller.slug, person.id)
    assert await members(client, owner, seller.slug) == [(owner.id, "owner")]
    assert (await refusal(members(client, person, seller.slug))).kind == "not_found"
    assert (await refusal(remove(client, owner, seller.slug, person.id))).kind == "not_found"
    assert await role_of(client, seller.id, person.id) == ""


async def test_only_owners_decide_who_works_for_a_seller(client: Client) -> None:
    owner, manager, stranger = [await client.person() for _ in range(3)]
    seller = await open_seller(client, owner)
    await put(client, owner, seller.id, manager.email, "manager")
    for by, kind in ((manager, "forbidden"), (stranger, "not_found")):
        for email in (stranger.email, make_email(), "no address"):
            assert (await refusal(put(client, by, seller.id, email, "owner"))).kind == kind
        assert (await refusal(remove(client, by, seller.id, owner.id))).kind == kind
    assert (await refusal(members(client, None, seller.id))).kind == "unauthenticated"


async def test_a_member_has_to_be_somebody_with_a_role(client: Client) -> None:
    owner, person = await client.person(), await client.person()
    seller = await open_seller(client, owner)
    error = await refusal(put(client, owner, seller.id, make_email(), "viewer"))
    assert (error.kind, error.code) == ("invalid", "unknown_account")
    error = await refusal(put(client, owner, seller.id, "no address", "viewer"))
    assert [violation.pointer for violation in error.violations] == ["/email"]
    error = await refusal(put(client, owner, seller.id, person.email, "emperor"))
    assert [violation.pointer for violation in error.violations] == ["/role"]


async def test_a_seller_keeps_an_owner(client: Client) -> None:
    owner, heir = await client.person(), await client.person()
    seller = await open_seller(client, owner)
    for refused in (
        remove(client, owner, seller.id, owner.id),
        put(client, owner, seller.id, owner.email, "viewer"),
    ):
        error = await refusal(refused)
        assert (error.kind, error.code) == ("conflict", "last_owner")
    await put(client, owner, seller.id, heir.email, "owner")
    await remove(client, owner, seller.id, owner.id)
    assert await members(client, heir, seller.id) == [(heir.id, "owner")]


async def test_memberships_are_told_to_services_only(client: Client) -> None:
    person = await client.person()
    seller = await open_seller(client, person)
    request = seller_pb2.GetMembershipRequest(seller_id=seller.id, account_id=person.id)
    for by in (None, person):
        error = await refusal(client.call(client.sellers.GetMembership, request, by))
        assert error.kind == "forbidden"


async def test_many_open_sellers_of_one_name_at_once(client: Client) -> None:
    people = [await client.person() for _ in range(6)]
    name = f"Soko {new_id().hex}"
    sellers = await asyncio.gather(*(open_seller(client, person, name) for person in people))
    assert len({seller.slug for seller in sellers}) == len(people)
