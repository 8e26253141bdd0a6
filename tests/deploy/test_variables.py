"""Every variable that a process reads is given or left at its default for a reason."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from chassis.settings import MigrationSettings, ProcessSettings
from devstack.kubernetes_secrets import OVERLAYS
from tests.deploy.manifests import K8S, PROCESSES, ROOT, SERVICES, Overlay, Workload

DEFAULTS: Mapping[str, Mapping[str, str]] = tomllib.loads((K8S / "defaults.toml").read_text())
SETTINGS: Mapping[str, type[ProcessSettings]] = {
    name: getattr(importlib.import_module(f"{name}.settings"), class_name)
    for name, class_name in {
        "gateway": "GatewaySettings",
        "identity": "IdentitySettings",
        "catalog": "Settings",
        "orders": "OrdersSettings",
        "payments": "PaymentsSettings",
        "notifications": "Settings",
    }.items()
}
READ_BY_LIBRARIES = {"catalog": {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}}
"""By the one for object stores: https://developmentseed.org/obstore/latest/authentication/"""


def read_directly(*packages: str) -> set[str]:
    """Return the variables that code asks the environment for beside the settings."""
    asked = re.compile(r'environ(?:\.get\(|\[)\s*"(SOKO_\w+)"')
    sources = [path for each in packages for path in (ROOT / each).rglob("*.py")]
    return {name for path in sources for name in asked.findall(path.read_text())}


def variables(settings: type) -> set[str]:
    return {f"SOKO_{field.upper()}" for field in settings.model_fields}


def variables_of(process: str) -> set[str]:
    folder = "gateway" if process == "gateway" else f"services/{process}"
    return variables(SETTINGS[process]) | read_directly("libs/chassis/src", f"{folder}/src")


def given(workload: Workload) -> dict[str, str]:
    return {name.removesuffix("_FILE"): value for name, value in workload.environment.items()}


@pytest.mark.parametrize("process", PROCESSES)
def test_what_is_read_is_given_or_explained(overlay: Overlay, process: str) -> None:
    explained = {*DEFAULTS["every"], *DEFAULTS.get(process, {})}
    missing = variables_of(process) - given(overlay.workload(process)).keys() - explained
    assert not missing


@pytest.mark.parametrize("process", PROCESSES)
def test_what_is_given_is_read(overlay: Overlay, process: str) -> None:
    allowed = variables_of(process) | READ_BY_LIBRARIES.get(process, set())
    assert not given(overlay.workload(process)).keys() - allowed


@pytest.mark.parametrize("process", PROCESSES)
def test_explanations_are_of_variables_with_defaults(process: str) -> None:
    fields = SETTINGS[process].model_fields
    required = {
        f"SOKO_{name.upper()}"
        for name, field in fields.items()
        if field.default is PydanticUndefined and field.default_factory is None
    }
    assert not required & {*DEFAULTS["every"], *DEFAULTS.get(process, {})}
    assert not DEFAULTS.get(process, {}).keys() - variables_of(process)


def test_no_explanation_is_left_over(overlays: Mapping[str, Overlay]) -> None:
    assert DEFAULTS.keys() <= {"every", *PROCESSES}
    everybody = set().union(*map(variables_of, PROCESSES))
    assert not DEFAULTS["every"].keys() - everybody
    for process in PROCESSES:
        always = set.intersection(
            *(set(given(each.workload(process))) for each in overlays.values())
        )
        assert not always & DEFAULTS.get(process, {}).keys()


def test_files_of_variables_are_mounted(overlay: Overlay) -> None:
    for workload in overlay.workloads:
        mounted = {path for path, _, _ in workload.files()}
        wanted = {
            value
            for name, value in workload.environment.items()
            if name.endswith("_FILE") or name.startswith("SOKO_TLS_")
        }
        assert wanted <= mounted


@pytest.mark.parametrize("process", PROCESSES)
def test_settings_take_the_values(
    overlay: Overlay, process: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = OVERLAYS[overlay.name](tmp_path)
    of_the_owner = {"providers.json": "[]", "secrets": ""}
    content = {
        path: made.get(secret, {}).get(key, of_the_owner.get(key, "something"))
        for path, secret, key in overlay.workload(process).files()
    }
    for name in [name for name in os.environ if name.startswith("SOKO_")]:
        monkeypatch.delenv(name)
    for name, value in overlay.workload(process).environment.items():
        plain = name.removesuffix("_FILE")
        monkeypatch.setenv(plain, value if plain == name else content[value])
    settings = SETTINGS[process]()
    assert settings.production == (overlay.name != "local")
    assert settings.tls is not None


@pytest.mark.parametrize("service", SERVICES)
def test_jobs_migrate_with_what_they_are_given(
    production: Overlay, service: str, tmp_path: Path, make_database: Callable[[], str]
) -> None:
    job = production.workload(f"migrate-{service}")
    assert job.container["args"] == ["migrate"]
    assert given(job).keys() == variables(MigrationSettings)
    url = tmp_path / "database-url"
    url.write_text(make_database())
    environment = {name: str(url) for name in job.environment}
    command = [sys.executable, "-P", "-m", service, *job.container["args"]]
    subprocess.run(command, env=environment, check=True, cwd=tmp_path)
