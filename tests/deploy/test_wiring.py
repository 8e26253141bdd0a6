"""Ports, images, Secrets, metrics, times and numbers of the manifests agree with the code."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from chassis import process as chassis_process
from chassis.event_figures import PENDING
from chassis.settings import ProcessSettings
from devstack.certificates import NAMES
from devstack.image_locks import IMAGES
from devstack.kubernetes_secrets import OVERLAYS, write_secrets
from devstack.nats_users import USERS
from gateway import supervisor
from gateway.settings import GatewaySettings
from tests.deploy.manifests import K8S, PROCESSES, ROOT, SERVICES, Document, Overlay, Workload

README = (K8S / "README.md").read_text()
OUR_IMAGES = set(IMAGES.values())
"""What the Dockerfile makes."""


def references(document: object) -> list[str]:
    """Return every image that a document names."""
    if isinstance(document, dict):
        own = [v for k, v in document.items() if k in ("image", "imageName") and isinstance(v, str)]
        return own + [image for each in document.values() for image in references(each)]
    if isinstance(document, list):
        return [image for each in document for image in references(each)]
    return []


def test_images_exist(overlay: Overlay) -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None
    listed = set(re.findall(r"^\| `([\w./-]+:[\w.-]+)` \|", README, re.M))
    for image in references(overlay.documents):
        name, _, tag = image.rpartition(":")
        if name.rpartition("/")[2] in OUR_IMAGES:
            assert tag == version.group(1)
        else:
            assert image in listed, f"{image} is not among the third-party images of the README"


def test_no_listed_image_is_unused(overlays: Mapping[str, Overlay]) -> None:
    used = {image for each in overlays.values() for image in references(each.documents)}
    assert set(re.findall(r"^\| `([\w./-]+:[\w.-]+)` \|", README, re.M)) <= used
    built = {image.rpartition(":")[0].rpartition("/")[2] for image in used}
    assert built >= OUR_IMAGES


def test_containers_listen_where_their_ports_say(overlay: Overlay) -> None:
    for name in PROCESSES:
        workload = overlay.workload(name)
        environment = workload.environment
        listens = {"metrics": int(environment["SOKO_METRICS_PORT"])}
        if name == "gateway":
            assert environment["SOKO_HTTP_HOST"] == "0.0.0.0"
            listens["http"] = int(environment["SOKO_HTTP_PORT"])
        else:
            for port, variable in (("grpc", "SOKO_GRPC_LISTEN"), ("probe", "SOKO_PROBE_LISTEN")):
                host, _, number = environment[variable].partition(":")
                assert host == "0.0.0.0"
                listens[port] = int(number)
        assert workload.ports == listens


def selected(overlay: Overlay, labels: Mapping[str, str]) -> list[Workload]:
    return [each for each in overlay.workloads if labels.items() <= each.labels.items()]


def test_services_lead_to_ports_of_pods(overlay: Overlay) -> None:
    for service in overlay.of_kind("Service"):
        selector = service["spec"]["selector"]
        (workload,) = selected(overlay, selector)
        for port in service["spec"]["ports"]:
            number = workload.ports[port["targetPort"]]
            # Who calls the gateway knows 80 and 443; everybody else uses one number everywhere.
            assert port["port"] == (80 if port["name"] == "http" and number == 8000 else number)


def test_grpc_services_are_headless(overlay: Overlay) -> None:
    for name in SERVICES:
        assert overlay.named("Service", name)["spec"]["clusterIP"] == "None"


def test_probes_ask_what_answers(overlay: Overlay) -> None:
    for workload in overlay.workloads:
        if workload.document["kind"] == "Job":
            continue
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = workload.container.get(kind)
            if workload.name in PROCESSES:
                assert probe is not None
            if probe is None:
                continue
            ports = {probe[how]["port"] for how in ("httpGet", "tcpSocket") if how in probe}
            assert ports <= workload.ports.keys()
            if workload.name in SERVICES:
                asked = None if kind == "readinessProbe" else chassis_process.LIVE
                assert probe["grpc"].get("service") == asked
                assert probe["grpc"]["port"] == workload.ports["probe"]


def test_certificates_bear_the_names_that_servers_ask_for(production: Overlay) -> None:
    for process, names in NAMES.items():
        certificate = production.named("Certificate", process)["spec"]
        assert certificate["dnsNames"] == list(names)
        assert certificate["secretName"] == f"soko-{process}-tls"
        assert {"server auth", "client auth"} <= set(certificate["usages"])


def secrets_of(document: object) -> set[tuple[str, str]]:
    """Return the name and the key of every Secret that a document refers to."""
    if isinstance(document, list):
        return set().union(*map(secrets_of, document))
    if not isinstance(document, dict):
        return set()
    found = set().union(*map(secrets_of, document.values()))
    name = document.get("secretName") or document.get("name")
    for item in document.get("items", []):
        found.add((name, item["key"]))
    if set(document) == {"name", "key"}:
        found.add((name, document["key"]))
    return found


def referred(overlay: Overlay) -> set[tuple[str, str]]:
    kinds = ("Deployment", "StatefulSet", "Job", "ObjectStore")
    config_maps = {each["metadata"]["name"] for each in overlay.of_kind("ConfigMap")}
    found = {
        (name, key) for name, key in secrets_of(overlay.of_kind(*kinds)) if name not in config_maps
    }
    for ingress in overlay.of_kind("Ingress"):
        found |= {(each["secretName"], "tls.crt") for each in ingress["spec"]["tls"]}
    for gateway in overlay.of_kind("Gateway"):
        for listener in gateway["spec"]["listeners"]:
            references = listener.get("tls", {}).get("certificateRefs", [])
            found |= {(each["name"], "tls.crt") for each in references}
    for cluster in overlay.of_kind("Cluster"):
        for role in cluster["spec"]["managed"]["roles"]:
            found |= {(role["passwordSecret"]["name"], key) for key in ("username", "password")}
    return found


def test_secrets_are_made_or_named(overlay: Overlay, tmp_path: Path) -> None:
    made = OVERLAYS[overlay.name](tmp_path)
    has = {(name, key) for name, data in made.items() for key in data}
    for certificate in overlay.of_kind("Certificate"):
        name = certificate["spec"]["secretName"]
        has |= {(name, key) for key in ("tls.crt", "tls.key", "ca.crt")}
    if overlay.name != "local":
        has.add(("postgres-ca", "ca.crt"))  # by CloudNativePG
        has |= set(re.findall(r"^\| `([\w-]+)` \| `([\w.-]+)` \|", README, re.M))
    wanted = referred(overlay)
    assert wanted - has == set()
    unused = has - wanted - {("authority", key) for key in ("tls.crt", "tls.key", "ca.crt")}
    assert unused - {("shop-tls", "tls.key")} == set()


@pytest.mark.parametrize("name", OVERLAYS)
def test_written_secrets_are_the_same_again(name: str, tmp_path: Path) -> None:
    first = json.loads(write_secrets(tmp_path, name).read_text())
    again = json.loads(write_secrets(tmp_path, name).read_text())
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert first["items"]
    for one, other in zip(first["items"], again["items"], strict=True):
        assert one["metadata"] == other["metadata"]
        # Certificates are renewed, under the same authority.
        kept = one["stringData"].keys() - {"tls.crt", "tls.key"}
        assert {key: one["stringData"][key] for key in kept} == {
            key: other["stringData"][key] for key in kept
        }


def test_no_secret_is_committed(overlay: Overlay) -> None:
    assert not overlay.of_kind("Secret")


def test_pods_end_in_time(overlay: Overlay) -> None:
    drain_s = {"gateway": GatewaySettings.model_fields["drain_s"].default + supervisor._GRACE_S}
    # The server, then what works beside it, then connections.
    drain_s |= dict.fromkeys(SERVICES, 3 * chassis_process._DRAIN_S)
    for name, needed_s in drain_s.items():
        workload = overlay.workload(name)
        pause_s = workload.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        pause_s += ProcessSettings.model_fields["drain_delay_s"].default
        assert pause_s + needed_s < workload.pod["terminationGracePeriodSeconds"]


def test_connections_fit_into_the_database(production: Overlay) -> None:
    cluster = production.named("Cluster", "postgres")["spec"]
    most = int(cluster["postgresql"]["parameters"]["max_connections"])
    needed = len(SERVICES)  # migrations
    for name in SERVICES:
        workload = production.workload(name)
        surge = workload.document["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        replicas = production.named("HorizontalPodAutoscaler", name)["spec"]["maxReplicas"]
        needed += (replicas + surge) * connections(workload)
    # Some are the operator's, and PostgreSQL keeps three for superusers.
    assert needed + 20 <= most


def connections(workload: Workload) -> int:
    """Return how many connections a replica opens at most, by how its pools are made."""
    pool = ProcessSettings.model_fields["database_pool_max"].default
    pool = int(workload.environment.get("SOKO_DATABASE_POOL_MAX", pool))
    source = (ROOT / f"services/{workload.name}/src/{workload.name}/bootstrap.py").read_text()
    sizes = {
        "settings.database_pool_max": pool,
        "max(2, settings.database_pool_max // 2)": max(2, pool // 2),
    }
    total = 0
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Database":
            (size,) = (each.value for each in call.keywords if each.arg == "max_size")
            total += sizes[ast.unparse(size)]
    return total


def test_autoscalers_scale_what_is_there(production: Overlay) -> None:
    scaled = production.of_kind("HorizontalPodAutoscaler")
    assert {each["spec"]["scaleTargetRef"]["name"] for each in scaled} == set(PROCESSES)
    for each in scaled:
        workload = production.workload(each["spec"]["scaleTargetRef"]["name"])
        assert "replicas" not in workload.document["spec"], "it would be set back at each apply"
        assert workload.container["resources"]["requests"]["cpu"]
        assert 2 <= each["spec"]["minReplicas"] < each["spec"]["maxReplicas"]


def test_everything_may_be_drained(overlay: Overlay) -> None:
    for budget in overlay.of_kind("PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        assert selected(overlay, selector)
        # With one replica a minimum would keep its node from ever being drained.
        assert budget["spec"]["maxUnavailable"] == 1
    guarded = {each["metadata"]["name"] for each in overlay.of_kind("PodDisruptionBudget")}
    assert guarded >= {*PROCESSES, "nats"}


def test_monitors_find_the_services(production: Overlay) -> None:
    (monitor,) = production.of_kind("ServiceMonitor")
    selector = monitor["spec"]["selector"]
    ports = {each["port"] for each in monitor["spec"]["endpoints"]}
    found = {
        each["metadata"]["name"]
        for each in production.of_kind("Service")
        if matches(selector, each["metadata"].get("labels", {}))
    }
    assert found == set(PROCESSES)
    for name in found:
        offered = {each["name"] for each in production.named("Service", name)["spec"]["ports"]}
        assert ports <= offered


def matches(selector: Document, labels: Mapping[str, str]) -> bool:
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    return equal and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )


def test_autoscalers_ask_for_figures_that_exist(production: Overlay) -> None:
    """The name goes from the code's gauge by the adapter's rule to the autoscaler."""
    adapter = yaml.safe_load((K8S / "components/scaling/prometheus-adapter.yaml").read_text())
    offered = {}
    for rule in adapter["rules"]["external"]:
        gauge, _, _ = rule["seriesQuery"].partition("{")
        assert gauge == PENDING._name
        labels = re.findall(r"by \(([\w, ]+)\)", rule["metricsQuery"])
        assert labels == ["context, source", "context"]
        assert set(labels[0].split(", ")) == set(PENDING._labelnames)
        offered[rule["name"]["as"]] = labels[-1]
    for scaler in production.of_kind("HorizontalPodAutoscaler"):
        name = scaler["spec"]["scaleTargetRef"]["name"]
        asked = [each["external"] for each in scaler["spec"]["metrics"] if "external" in each]
        hears = {user.name for user in USERS if user.consumes}
        assert bool(asked) == (name in hears)
        for external in asked:
            metric = external["metric"]
            assert metric["selector"] == {"matchLabels": {offered[metric["name"]]: name}}
