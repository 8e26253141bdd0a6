"""docker-compose.yml gives every process what it reads, and no container more than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.settings import Settings as CatalogSettings
from devstack.compose_secrets import files_of_containers
from devstack.home import ROOT
from devstack.image_locks import IMAGES
from gateway.settings import GatewaySettings
from identity.settings import IdentitySettings
from notifications.settings import Settings as NotificationsSettings
from orders.settings import OrdersSettings
from payments.settings import PaymentsSettings

FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
BASES = COMPOSE["x-bases"]
READ = {
    "gateway": GatewaySettings,
    "identity": IdentitySettings,
    "catalog": CatalogSettings,
    "orders": OrdersSettings,
    "payments": PaymentsSettings,
    "notifications": NotificationsSettings,
}
NEVER_GIVEN = {
    # For tests.
    "failpoints",
    # Every interface is what a container wants.
    "metrics_host",
    # The demo shop is ./soko up's.
    "demo",
    "demo_password",
}
_OF_SERVICES = {"database_url", "database_pool_max", "event_tries", "grpc_listen", "probe_listen"}


@pytest.mark.parametrize("service", READ)
def test_every_variable_that_a_process_reads_is_given(service: str) -> None:
    given = {name.removesuffix("_FILE") for name in SERVICES[service]["environment"]}
    read = set(READ[service].model_fields) - NEVER_GIVEN
    if service == "gateway":
        # It has no database, answers no RPC and keeps no event.
        read -= _OF_SERVICES
    expected = {f"SOKO_{name.upper()}" for name in read}
    assert given == expected


@pytest.mark.parametrize("service", READ)
def test_what_is_secret_comes_in_files(service: str, tmp_path: Path) -> None:
    environment = SERVICES[service]["environment"]
    secrets = {
        f"SOKO_{name.upper()}"
        for name, field in READ[service].model_fields.items()
        if "SecretStr" in str(field.annotation) and name not in NEVER_GIVEN
    }
    assert secrets <= {name.removesuffix("_FILE") for name in environment if "_FILE" in name}
    assert not secrets & set(environment)
    folder = "/run/secrets/soko/"
    named = {
        value.removeprefix(folder) for value in environment.values() if folder in (value or "")
    }
    written = set(files_of_containers(tmp_path)[service])
    assert named - {"smtp-url", "cert.pem", "key.pem", "ca.pem"} == written


def test_migrations_get_what_every_process_needs_and_their_database() -> None:
    required = {"SOKO_SECRET", "SOKO_DATABASE_URL"}
    for service in set(READ) - {"gateway"}:
        job = SERVICES[f"{service}-migrate"]
        assert required <= {name.removesuffix("_FILE") for name in job["environment"]}
        assert (job["image"], job["command"]) == (SERVICES[service]["image"], ["migrate"])
        after = SERVICES[service]["depends_on"][f"{service}-migrate"]
        assert after == {"condition": "service_completed_successfully"}


def test_our_processes_can_change_nothing_and_gain_no_rights() -> None:
    ours = {name: each for name, each in SERVICES.items() if "soko-" in each["image"]}
    assert len(ours) == len(IMAGES) + len(READ) - 1
    for each in ours.values():
        assert each["read_only"]
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]


def test_only_this_machine_reaches_what_is_published() -> None:
    published = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert len(published) == 5
    assert all(re.match(r"127\.0\.0\.1:|\$\{SOKO_HTTP_HOST:-127\.0\.0\.1\}:", p) for p in published)


def test_third_parties_images_have_versions() -> None:
    images = re.findall(r"image: \$\{SOKO_\w+_IMAGE:-(.+)\}", FILE.read_text())
    assert len(images) == 7
    assert all(":" in image and not image.endswith("latest") for image in images)


def test_images_have_the_packages_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    tags = set(re.findall(r"SOKO_VERSION:-([\w.]+)\}", FILE.read_text()))
    assert tags == {version[1]}


def test_images_are_built_on_what_the_dockerfile_names() -> None:
    arguments = re.compile(r"^ARG (\w+_IMAGE)=(.+)", re.MULTILINE)
    bases = dict(arguments.findall((ROOT / "Dockerfile").read_text()))
    given = {name: re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", each) for name, each in BASES.items()}
    assert given == bases
    for service in IMAGES:
        name = "sandbox" if service == "sandbox_provider" else service
        assert SERVICES[name]["build"]["args"] == {**BASES, "SERVICE": service}


def test_prometheus_scrapes_every_process() -> None:
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    found: dict[str, Any] = {
        job["job_name"]: job["dns_sd_configs"][0] for job in scraped["scrape_configs"]
    }
    assert set(found) == set(READ)
    for name, where in found.items():
        port = SERVICES[name]["environment"]["SOKO_METRICS_PORT"]
        assert (where["names"], str(where["port"])) == ([name], port)
