"""The broker's users may do what the code does: no stream and no consumer less, and none more."""

import ast

from devstack.nats_users import USERS
from notifications.entrypoints.foreign_events import PARSERS
from tests.architecture.source_tree import SERVICES, modules


def calls(package: str, name: str) -> list[ast.Call]:
    return [
        node
        for module in modules(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def consumed(package: str) -> set[str]:
    """Return the contexts that a service has consumers of; a loop's are those of its table."""
    found: set[str] = set()
    for call in calls(package, "EventConsumer"):
        given = next(word.value for word in call.keywords if word.arg == "context")
        if isinstance(given, ast.Constant):
            found.add(str(given.value))
        else:
            assert package == "notifications", "a context that this test cannot read"
            found |= set(PARSERS)
    return found


def test_a_user_has_a_stream_if_its_process_has_a_relay() -> None:
    relaying = {name for name in SERVICES if calls(name, "Relay")}
    assert {user.name for user in USERS if user.tells} == relaying


def test_a_user_has_the_consumers_that_its_process_has() -> None:
    assert {user.name: set(user.consumes) for user in USERS} == {
        name: consumed(name) for name in (*SERVICES, "gateway")
    }
