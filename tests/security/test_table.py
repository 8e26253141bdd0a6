"""The authorization table is whole, and says what the routes declare. Needs nothing that runs."""

from tests.security.callers import CALLERS, MEMBERS
from tests.security.calls import OPERATIONS
from tests.security.table import (
    NOT_ASKED,
    REFUSALS,
    cells,
    expectations,
    operations,
    socket_paths,
    table,
)


def test_the_table_has_a_line_for_every_operation_and_no_other() -> None:
    known = operations().keys()
    assert expectations().keys() == known, "each operation has a line in authorization.txt"
    assert OPERATIONS.keys() == known, "how an operation is called well stands in calls/"
    asked = list(cells())
    # Shown with -s.
    print(f"{len(operations())} operations, {len(CALLERS)} callers, {len(asked)} cells")  # noqa: T201
    assert len(asked) >= 12 * len(operations())
    assert {cell.expected for cell in asked} <= {"2xx", *REFUSALS}


def test_the_table_says_what_the_routes_declare() -> None:
    for name, outcomes in expectations().items():
        access = operations()[name]["x-soko-access"]
        guests = {outcomes["guest"], *(outcomes[who] for who in ("token", "wrong"))} - {NOT_ASKED}
        accounts = {who: outcomes[who] for who in ("buyer", "other", "rival", "moder")}
        if access["who"] == "public":
            assert outcomes["guest"] == outcomes["other"], name
        elif access["who"] == "account" and "guest_token" not in access:
            assert guests == {"401"}, name
        reserved = "roles" in access or "seller_roles" in access
        assert not reserved or "2xx" not in accounts.values(), name
        roles, sellers = access.get("roles", []), access.get("seller_roles", [])
        for short, role in (("operat", "operator"), ("admin", "admin")):
            assert not reserved or (outcomes[short] == "2xx") is (role in roles), (name, role)
        members = ("viewer", "finance", "fulfilment", "manager", "owner")
        for short, role in zip(MEMBERS, members, strict=True):
            assert not reserved or (outcomes[short] == "2xx") is (role in sellers), (name, role)
        closed = access["who"] == "account" and "scope" not in access
        assert not closed or outcomes["key"] in REFUSALS, name


def test_the_table_has_a_line_for_every_websocket_and_no_other() -> None:
    assert {name for name in table() if name.startswith("WS ")} == socket_paths()
