"""NetworkPolicies let through what the code calls, in both directions, and nothing else."""

import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from itertools import product
from typing import NamedTuple

import pytest

from chassis.audit_log import COMMAND_LINE
from devstack.certificates import NAMES
from devstack.nats_users import USERS
from tests.deploy.manifests import COMPONENT, PROCESSES, ROOT, SERVICES, Document, Overlay
from tests.deploy.test_variables import SETTINGS

WORLD = "0.0.0.0/0"
GRPC, POSTGRES, NATS = 50051, 5432, 4222

Labels = Mapping[str, str]


class Edge(NamedTuple):
    """``source`` may open connections to ``target``; each a workload or a place outside."""

    source: str
    target: str
    port: int


def rpcs() -> set[Edge]:
    """Return who calls whom, by the list of callers that servers enforce."""
    callers = tomllib.loads((ROOT / "protos/soko/callers.toml").read_text())
    process_of = {name: process for process, names in NAMES.items() for name in names}
    return {
        Edge(process_of[caller], server, GRPC)
        for service, methods in callers.items()
        for server in servers_of(service)
        for caller in set().union(*methods.values())
        # soko dead-letters is for embedded stacks; a process asks itself inside of its pod.
        if caller != COMMAND_LINE and process_of[caller] != server
    }


def servers_of(service: str) -> set[str]:
    """Return which processes serve a gRPC service."""
    _, context, _ = service.split(".", 2)
    if context in SERVICES:
        return {context}
    added = f"add_{service.rpartition('.')[2]}Servicer_to_server"

    def adds(folder: str) -> bool:
        return any(added in path.read_text() for path in (ROOT / folder).rglob("*.py"))

    # What the chassis adds every service has.
    found = {name for name in SERVICES if adds("libs/chassis/src") or adds(f"services/{name}/src")}
    assert found, f"nobody serves {service}"
    return found


def expected(overlay: Overlay) -> set[Edge]:
    """Return every edge that somebody needs, and why."""
    edges = rpcs()
    edges |= {Edge(user.name, "nats", NATS) for user in USERS}
    edges |= {Edge(name, "database", POSTGRES) for name in SERVICES}
    edges |= {Edge(f"migrate-{name}", "database", POSTGRES) for name in SERVICES}
    if overlay.name == "local":
        return edges | {Edge("payments", "sandbox", 8090), Edge("notifications", "mail", 1025)}
    edges |= {Edge("gateway", "valkey", 6379), Edge("nats", "nats", 6222)}
    edges |= {Edge("namespace ingress", "gateway", 8000)}
    # Providers, issuers of logins, the pictures' bucket, mail servers.
    edges |= {Edge(name, WORLD, 443) for name in ("payments", "identity", "catalog")}
    edges |= {Edge("notifications", WORLD, port) for port in (465, 587)}
    edges |= {Edge("namespace monitoring", name, 9464) for name in PROCESSES}
    edges |= {Edge(name, "namespace monitoring", 4317) for name in PROCESSES}
    # CloudNativePG: replication, the operator, the API server and the bucket for backups.
    edges |= {Edge("database", "database", port) for port in (POSTGRES, 8000)}
    edges |= {Edge("namespace cnpg-system", "database", port) for port in (POSTGRES, 8000)}
    return edges | {Edge("database", WORLD, port) for port in (443, 6443)}


def pods(overlay: Overlay) -> dict[str, Labels]:
    """Return the labels of each kind of pod; those of the database by what it is."""
    found: dict[str, Labels] = {each.name: each.labels for each in overlay.workloads}
    # The operator labels its pods so: pkg/utils/labels_annotations.go of CloudNativePG.
    operators = {COMPONENT: "database", "cnpg.io/cluster": "postgres"}
    found["database"] = found.pop("postgres", operators)
    return found


def selects(selector: Document, labels: Labels) -> bool:
    for name, value in selector.get("matchLabels", {}).items():
        if labels.get(name) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", expression
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def peers(peer: Document, pods: Mapping[str, Labels]) -> set[str]:
    if "ipBlock" in peer:
        return {peer["ipBlock"]["cidr"]}
    if "namespaceSelector" in peer:
        return {
            f"namespace {peer['namespaceSelector']['matchLabels']['kubernetes.io/metadata.name']}"
        }
    return {name for name, labels in pods.items() if selects(peer["podSelector"], labels)}


def allowed(overlay: Overlay, direction: str) -> Iterator[Edge]:
    """Give the edges that one direction's rules let through."""
    known = pods(overlay)
    other = {"ingress": "from", "egress": "to"}[direction]
    for policy in overlay.of_kind("NetworkPolicy"):
        spec = policy["spec"]
        own = {name for name, labels in known.items() if selects(spec["podSelector"], labels)}
        assert own, f"{policy['metadata']['name']} is for nobody"
        for rule in spec.get(direction, []):
            theirs = set().union(*(peers(peer, known) for peer in rule[other]))
            assert theirs, f"{policy['metadata']['name']} has a rule for nobody"
            for one, their, port in product(own, theirs, rule["ports"]):
                source, target = (their, one) if direction == "ingress" else (one, their)
                yield Edge(source, target, port["port"])


def inside(edge: Edge, end: str) -> bool:
    return not getattr(edge, end).startswith(("namespace ", WORLD))


@pytest.mark.parametrize(("direction", "own_end"), [("ingress", "target"), ("egress", "source")])
def test_edges_are_the_calls(overlay: Overlay, direction: str, own_end: str) -> None:
    needed = {edge for edge in expected(overlay) if inside(edge, own_end)}
    found = {edge for edge in allowed(overlay, direction) if edge.port != 53}
    assert found - needed == set()
    assert needed - found == set()


def test_nobody_else_is_let_in_or_out(overlay: Overlay) -> None:
    everybody = overlay.named("NetworkPolicy", "nobody")["spec"]
    assert everybody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in overlay.of_kind("NetworkPolicy"):
        spec = policy["spec"]
        ruled = {each for each in ("Ingress", "Egress") if each.lower() in spec}
        assert ruled == set(spec["policyTypes"]) or spec == everybody


def test_everybody_may_ask_for_names(overlay: Overlay) -> None:
    asked = {edge for edge in allowed(overlay, "egress") if edge.port == 53}
    assert asked == {Edge(name, "namespace kube-system", 53) for name in pods(overlay)}


def test_the_world_is_not_the_neighbourhood(overlay: Overlay) -> None:
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"}
    for policy in overlay.of_kind("NetworkPolicy"):
        if policy["metadata"]["name"] == "postgres-instances":
            continue  # The API server may stand in any network.
        for rule in policy["spec"].get("egress", []):
            for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer):
                assert set(block["except"]) == private
                assert not ip_network(block["cidr"]).is_private or block["cidr"] == WORLD


def test_targets_are_the_calls(overlay: Overlay) -> None:
    for process in PROCESSES:
        environment = overlay.workload(process).environment
        targets = {name: value for name, value in environment.items() if name.endswith("_TARGET")}
        sandbox = targets.pop("SOKO_SANDBOX_TARGET", None)
        assert sandbox in (None, "http://sandbox:8090")
        called = {edge.target for edge in rpcs() if edge.source == process}
        assert targets == {
            f"SOKO_{name.upper()}_TARGET": f"dns:///{name}:{GRPC}" for name in called
        }


# Where each setting that holds an address leads: a new one needs its edge, and its line here.
ADDRESSES = {
    "catalog_target": GRPC,
    "identity_target": GRPC,
    "notifications_target": GRPC,
    "orders_target": GRPC,
    "payments_target": GRPC,
    "database_url": POSTGRES,
    "nats_url": NATS,
    "redis_url": 6379,
    "sandbox_target": 8090,
    "smtp_url": (465, 587, 1025),
    "media_url": 443,
    "otlp_endpoint": 4317,
    "stripe_api_base": 443,
    "mpesa_api_base": 443,
    "oauth_providers": 443,
    # Told to others, called by nobody here.
    "public_url": None,
    "stripe_return_url": None,
    "account_links_url": None,
    "oauth_redirect_uri": None,
}


def test_every_address_leads_somewhere_known() -> None:
    suffixes = ("_url", "_target", "_endpoint", "_base", "_uri", "_providers")
    fields = {name for settings in SETTINGS.values() for name in settings.model_fields}
    assert {name for name in fields if name.endswith(suffixes)} == ADDRESSES.keys()
