import pytest

from chassis.ids import new_id
from identity.domain.errors import (
    LastOwner,
    MemberNotFound,
    RoleRequired,
    SellerNotFound,
    TooManyMembers,
    ValidationFailed,
)
from identity.domain.seller import MAX_MEMBERS, MAX_SLUG, MemberChange, Roster, is_slug, slug_of

OWNER, MANAGER, STRANGER = new_id(), new_id(), new_id()


def make_roster() -> Roster:
    return Roster(new_id(), [(OWNER, "owner"), (MANAGER, "manager")])


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Duka la Sample", "duka-la-sample"),
        ("  Crème & Café! ", "creme-cafe"),
        ("The Weaver's Baskets", "the-weavers-baskets"),
        ("متجر", "seller"),
        ("---", "seller"),
        ("x" * 200, "x" * MAX_SLUG),
        ("a" * (MAX_SLUG - 1) + " b", "a" * (MAX_SLUG - 1)),
    ],
)
def test_a_name_gives_an_address(name: str, slug: str) -> None:
    assert slug_of(name) == slug
    assert is_slug(slug)


@pytest.mark.parametrize("text", ["", "-a", "a--b", "A", "a_b", "a\n", "é", "a" * 200])
def test_what_is_no_slug_is_known(text: str) -> None:
    assert not is_slug(text)


def test_an_owner_adds_and_changes_members() -> None:
    roster = make_roster()
    roster.put(OWNER, STRANGER, "viewer")
    assert roster.change == MemberChange(STRANGER, "viewer")
    roster.put(OWNER, MANAGER, "owner")
    assert roster.change == MemberChange(MANAGER, "owner")


def test_a_role_that_is_there_already_changes_nothing() -> None:
    roster = make_roster()
    roster.put(OWNER, MANAGER, "manager")
    roster.put(OWNER, OWNER, "owner")
    assert roster.change is None


def test_an_owner_removes_members() -> None:
    roster = make_roster()
    roster.remove(OWNER, MANAGER)
    assert roster.change == MemberChange(MANAGER, None)
    with pytest.raises(MemberNotFound):
        roster.remove(OWNER, MANAGER)


def test_nobody_else_changes_anything() -> None:
    roster = make_roster()
    with pytest.raises(RoleRequired):
        roster.put(MANAGER, MANAGER, "owner")
    with pytest.raises(RoleRequired):
        roster.remove(MANAGER, OWNER)
    with pytest.raises(SellerNotFound):
        roster.put(STRANGER, STRANGER, "owner")
    with pytest.raises(SellerNotFound):
        roster.remove(STRANGER, OWNER)
    assert roster.change is None


def test_the_last_owner_stays() -> None:
    roster = make_roster()
    with pytest.raises(LastOwner):
        roster.remove(OWNER, OWNER)
    with pytest.raises(LastOwner):
        roster.put(OWNER, OWNER, "manager")
    roster.put(OWNER, MANAGER, "owner")
    roster.remove(OWNER, OWNER)
    assert roster.change == MemberChange(OWNER, None)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        make_roster().put(OWNER, STRANGER, "emperor")


def test_a_full_seller_takes_nobody_more_but_changes_who_is_there() -> None:
    members = [(new_id(), "viewer") for _ in range(MAX_MEMBERS - 1)]
    roster = Roster(new_id(), [(OWNER, "owner"), *members])
    with pytest.raises(TooManyMembers):
        roster.put(OWNER, STRANGER, "viewer")
    roster.put(OWNER, members[0][0], "manager")
    assert roster.change == MemberChange(members[0][0], "manager")
