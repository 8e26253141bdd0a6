"""The kill matrix has every failpoint that the source has, and no other."""

import ast

from devstack.chaos.points import POINTS
from tests.architecture.source_tree import SERVICES, modules


def failpoints(package: str) -> set[str]:
    return {
        argument.value
        for module in modules(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "failpoint"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


def test_the_kill_matrix_is_complete() -> None:
    of_all = failpoints("chassis")
    for service in SERVICES:
        own = failpoints(service)
        assert own <= set(POINTS.get(service, ())), service
        assert set(POINTS.get(service, ())) <= own | of_all, service
    assert of_all <= {point for points in POINTS.values() for point in points}
