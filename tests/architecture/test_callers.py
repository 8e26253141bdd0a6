"""The list of callers is what the code needs: no entry less, and none more."""

import ast
import importlib
from collections.abc import Iterator

from chassis.audit_log import COMMAND_LINE
from chassis.callers import GATEWAY, allowed_callers
from tests.architecture.source_tree import ROOT, SERVICES, Module, modules

GATEWAY_ITSELF = "gateway-itself"
TOLD_BY = {"devstack": COMMAND_LINE}
"""Packages that call in another name than their own."""
SHARED = "/soko.chassis.v1.CallService/CallTogether"
CONTRACTS = ROOT / "protos" / "gen"


class Recorder:
    """Notes the paths of the methods that a stub makes of it."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}

    def _note(self, path: str, *_: object, **__: object) -> object:
        self.paths[path.rpartition("/")[2]] = path
        return None

    unary_unary = unary_stream = stream_unary = stream_stream = _note


def all_rpcs() -> set[str]:
    found: set[str] = set()
    for path in CONTRACTS.rglob("*_pb2_grpc.py"):
        name = ".".join(path.relative_to(CONTRACTS).with_suffix("").parts)
        contract = importlib.import_module(name)
        for stub in vars(contract):
            if stub.endswith("ServiceStub"):
                found.update(methods_of(name, stub).values())
    return found - {SHARED}


def methods_of(contract: str, stub: str) -> dict[str, str]:
    recorder = Recorder()
    getattr(importlib.import_module(contract), stub)(recorder)
    return recorder.paths


def stubs_of(module: Module) -> Iterator[tuple[str, str]]:
    """Give the contract and the name of each stub that a file makes."""
    aliases: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("soko."):
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        made = node.func
        if isinstance(made, ast.Attribute) and isinstance(made.value, ast.Name):
            if made.attr.endswith("ServiceStub"):
                yield aliases[made.value.id], made.attr
        elif isinstance(made, ast.Name) and made.id.endswith("ServiceStub"):
            contract, _, stub = aliases[made.id].rpartition(".")
            yield contract, stub


def asks_as_itself(call: ast.Call) -> bool:
    return any(
        (word.arg == "as_itself" and isinstance(word.value, ast.Constant) and word.value.value)
        or (
            word.arg == "metadata"
            and isinstance(word.value, ast.Name)
            and word.value.id == "AS_ITSELF"
        )
        for word in call.keywords
    )


def used_by(package: str) -> Iterator[tuple[str, str]]:
    """Give the paths that a package asks for, and whether the gateway asks for itself.

    A method is told by its name: of two stubs with one of that name both are meant, unless the
    other words before the name (``payments.timeline.GetTimeline``) tell them apart.
    """
    files = modules(package)
    known = [methods_of(*stub) for module in files for stub in stubs_of(module)]
    for module in files:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            caller = GATEWAY_ITSELF if asks_as_itself(node) else TOLD_BY.get(package, package)
            for argument in node.args:
                if isinstance(argument, ast.Attribute):
                    paths = [stub[argument.attr] for stub in known if argument.attr in stub]
                    yield from ((path, caller) for path in told_apart(paths, argument))


def told_apart(paths: list[str], asked: ast.Attribute) -> list[str]:
    words = {node.id for node in ast.walk(asked) if isinstance(node, ast.Name)}
    owned = [path for path in paths if path.split(".")[1] in words]
    return owned or paths


def needed() -> set[tuple[str, str]]:
    """Return the pairs of RPC and caller that the code has."""
    found = {
        edge for package in ("auditor", "devstack", GATEWAY, *SERVICES) for edge in used_by(package)
    }
    # The chassis asks for the keys in the name of whom it serves; their issuer has them.
    found |= {
        (path, service)
        for path, _ in used_by("chassis")
        for service in SERVICES
        if service != path.split(".")[1] and path != SHARED
    }
    return found


def test_each_rpc_says_who_may_call_it() -> None:
    assert set(allowed_callers()) == all_rpcs()
    assert all(allowed_callers().values())


def test_the_list_of_callers_is_what_the_code_needs() -> None:
    listed = {(path, caller) for path, callers in allowed_callers().items() for caller in callers}
    used = needed()
    assert used - listed == set()
    assert listed - used == set()


def handlers() -> dict[tuple[str, str, str], str]:
    """Return the source of each RPC's handler, by package, servicer and method."""
    return {
        (module.package, base.attr, function.name): ast.unparse(function)
        for module in modules("chassis", *SERVICES)
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Attribute) and base.attr.endswith("Servicer")
        for function in node.body
        if isinstance(function, ast.AsyncFunctionDef)
    }


def test_an_rpc_that_no_user_reaches_asks_for_a_service() -> None:
    """The list stands before the handler; the handler does not rely on it."""
    known = handlers()
    for path, callers in allowed_callers().items():
        service, _, method = path.removeprefix("/soko.").partition("/")
        context, _, name = service.split(".")
        owners = [context] if context in SERVICES else ["chassis", *SERVICES]
        found = [known.get((owner, f"{name}Servicer", method), "") for owner in owners]
        assert any(found), path
        if GATEWAY not in callers:
            assert "require_service()" in "".join(found), path
