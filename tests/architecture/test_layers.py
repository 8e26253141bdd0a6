"""Imports point inwards: entrypoints and adapters to app, app to domain, the domain to nothing."""

import sys

import pytest

from tests.architecture.source_tree import SERVICES, SOURCES, Module, modules

TECHNOLOGY = {"alembic", "fastapi", "google", "grpc", "httpx", "nats", "psycopg", "sqlalchemy"}


def offences(found: list[tuple[Module, str]]) -> str:
    return "\n".join(f"{module.name} imports {name}" for module, name in found)


def refused(packages: tuple[str, ...], layer: str, allowed: object) -> str:
    return offences(
        [
            (module, name)
            for module in modules(*packages)
            if module.layer == layer
            for name in module.imports()
            if not allowed(module, name)  # type: ignore[operator]
        ]
    )


def is_standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


def test_a_domain_imports_the_standard_library_and_itself() -> None:
    def allowed(module: Module, name: str) -> bool:
        return is_standard(name) or name.startswith(f"{module.package}.domain")

    assert not refused(SERVICES, "domain", allowed)


def test_use_cases_know_neither_adapters_nor_technology() -> None:
    def allowed(module: Module, name: str) -> bool:
        top = name.split(".")[0]
        if top == module.package:
            return name.startswith((f"{top}.domain", f"{top}.app")) or name == top
        return top not in TECHNOLOGY and top != "soko" and not name.startswith("chassis.grpc_")

    assert not refused(SERVICES, "app", allowed)


def test_adapters_do_not_know_entrypoints() -> None:
    def allowed(module: Module, name: str) -> bool:
        return not name.startswith(f"{module.package}.entrypoints")

    assert not refused(SERVICES, "adapters", allowed)


def test_entrypoints_leave_adapters_to_the_bootstrap() -> None:
    def allowed(module: Module, name: str) -> bool:
        return not name.startswith(f"{module.package}.adapters")

    assert not refused(SERVICES, "entrypoints", allowed)


@pytest.mark.parametrize("package", sorted(SOURCES))
def test_a_package_imports_no_other_service(package: str) -> None:
    foreign = set(SOURCES) - {package, "auditor", "chassis"}
    if package == "devstack":
        foreign = set(SERVICES) | {"gateway"}
    found = [
        (module, name)
        for module in modules(package)
        for name in module.imports()
        if name.split(".")[0] in foreign
    ]
    assert not offences(found)


def test_the_chassis_knows_no_contract_but_those_without_a_business_noun() -> None:
    """Its own, signing keys, and how a service answers for its own data."""
    own = ("soko.chassis.v1", "soko.audit.v1", "soko.ops.v1", "soko.privacy.v1")
    found = [
        (module, name)
        for module in modules("chassis")
        for name in module.imports()
        if name.startswith("soko.") and not name.startswith((*own, "soko.identity.v1"))
    ]
    assert not offences(found)


def test_serving_processes_do_not_import_the_schema() -> None:
    found = [
        (module, name)
        for module in modules(*SERVICES)
        if module.layer != "migrations" and not module.name.endswith(".tables")
        for name in module.imports()
        if name.startswith(("sqlalchemy", f"{module.package}.adapters.tables"))
    ]
    assert not offences(found)
