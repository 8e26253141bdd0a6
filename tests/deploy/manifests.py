"""The manifests of k8s/, as kubectl makes them of the overlays."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.cluster_tools import ClusterTools

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
STAGES = ("foundation", "migrations", "services")
SERVICES = ("identity", "catalog", "orders", "payments", "notifications")
PROCESSES = ("gateway", *SERVICES)
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"

Document = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """Something that makes pods."""

    document: Document
    overlay: "Overlay"

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def template(self) -> Document:
        return self.document["spec"]["template"]

    @property
    def labels(self) -> Mapping[str, str]:
        return self.template["metadata"]["labels"]

    @property
    def pod(self) -> Document:
        return self.template["spec"]

    @property
    def container(self) -> Document:
        (container,) = self.pod["containers"]
        return container

    @cached_property
    def environment(self) -> dict[str, str]:
        """Every variable with its value; of a Secret, the reference."""
        found: dict[str, str] = {}
        for source in self.container.get("envFrom", []):
            found.update(self.overlay.config_map(source["configMapRef"]["name"]))
        for variable in self.container.get("env", []):
            found[variable["name"]] = self._value(variable)
        return found

    def _value(self, variable: Document) -> str:
        if "value" in variable:
            return str(variable["value"])
        ((kind, reference),) = variable["valueFrom"].items()
        if kind == "configMapKeyRef":
            return self.overlay.config_map(reference["name"])[reference["key"]]
        if kind == "secretKeyRef":
            return f"secret {reference['name']}/{reference['key']}"
        assert kind == "fieldRef", variable
        return str(reference["fieldPath"])

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}

    def files(self) -> Iterator[tuple[str, str, str]]:
        """Give the path in the pod, the Secret and the key of each mounted secret file."""
        mounts = {each["name"]: each["mountPath"] for each in self.container["volumeMounts"]}
        for volume in self.pod["volumes"]:
            sources = volume.get("projected", {}).get("sources", [])
            secrets = [(each["secret"]["name"], each["secret"]["items"]) for each in sources]
            if "secret" in volume:
                secrets.append((volume["secret"]["secretName"], volume["secret"]["items"]))
            for secret, items in secrets:
                for item in items:
                    yield f"{mounts[volume['name']]}/{item['path']}", secret, item["key"]


@dataclass(frozen=True)
class Overlay:
    """All documents of an overlay, its three stages together."""

    name: str
    stages: Mapping[str, str]
    """YAML as it is applied."""

    @cached_property
    def documents(self) -> list[Document]:
        return [
            document
            for text in self.stages.values()
            for document in yaml.load_all(text, Loader=yaml.CSafeLoader)
        ]

    def of_kind(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    @property
    def workloads(self) -> list[Workload]:
        kinds = ("Deployment", "StatefulSet", "Job")
        return [Workload(document, self) for document in self.of_kind(*kinds)]

    def workload(self, name: str) -> Workload:
        (found,) = (each for each in self.workloads if each.name == name)
        return found

    def named(self, kind: str, name: str) -> Document:
        (found,) = (each for each in self.of_kind(kind) if each["metadata"]["name"] == name)
        return found

    def config_map(self, name: str) -> dict[str, str]:
        return dict(self.named("ConfigMap", name)["data"])


def make_overlays(tools: ClusterTools, scratch: Path) -> dict[str, Overlay]:
    """Let kubectl make every overlay, and production with the Gateway API as its comment says."""
    copied = scratch / "k8s"
    shutil.copytree(K8S, copied)
    kustomization = copied / "overlays/production/kustomization.yaml"
    text = kustomization.read_text()
    replaced = text.replace("- ../../components/ingress\n", "- ../../components/gateway-api\n")
    assert replaced != text
    kustomization.write_text(replaced)
    return {
        "local": _made(tools, K8S, "local"),
        "production": _made(tools, K8S, "production"),
        "production with the Gateway API": _made(tools, copied, "production"),
    }


def _made(tools: ClusterTools, folder: Path, name: str) -> Overlay:
    made = {}
    for stage in STAGES:
        path = folder / "overlays" / name / ("" if stage == "services" else stage)
        done = subprocess.run(
            [tools.kubectl, "kustomize", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        # A warning is of something that the next version of kubectl refuses.
        assert not done.stderr, done.stderr
        made[stage] = done.stdout
    return Overlay(name, made)
