"""The commands of k8s/README.md name what is there."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from itertools import pairwise

import pytest
import yaml
from typer.testing import CliRunner

from devstack.cli import app
from tests.deploy.cluster_tools import ClusterTools
from tests.deploy.manifests import K8S, ROOT, Overlay
from tests.deploy.test_schemas import wrong_about

README = (K8S / "README.md").read_text()
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_RESOURCES = {
    "certificate": "Certificate",
    "cluster": "Cluster",
    "deployment": "Deployment",
    "job": "Job",
    "service": "Service",
    "statefulset": "StatefulSet",
}

PIPELINES = re.findall(r"^\(.+\| kubectl apply -f -$", README, re.MULTILINE)


def commands() -> list[tuple[str, list[str]]]:
    """Return each command with the overlay that its section is about."""
    found = []
    parts = _SECTION.split(README)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        overlay = "local" if title.endswith("local") else "production"
        for block in re.findall(r"```sh\n(.+?)```", text, re.DOTALL):
            lines = [line for line in block.splitlines() if line not in PIPELINES]
            found += [(overlay, shlex.split(line)) for line in lines]
        inline = re.findall(r"`(kubectl -n soko port-forward [^`]+)`", text)
        found += [(overlay, shlex.split(line)) for line in inline]
    return found


COMMANDS = commands()


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20
    assert {words[0] for _, words in COMMANDS} == {"kubectl", "./soko"}


@pytest.mark.parametrize(("name", "words"), COMMANDS, ids=lambda each: " ".join(each)[-60:])
def test_a_command_names_what_is_there(
    overlays: Mapping[str, Overlay], name: str, words: list[str]
) -> None:
    overlay = overlays[name]
    if words[0] == "./soko":
        shown = CliRunner().invoke(app, [words[1], "--help"])
        assert shown.exit_code == 0
        assert all(word in shown.stdout for word in words if word.startswith("--"))
        return
    for flag, value in pairwise(words):
        if flag == "-k":
            assert (ROOT / value / "kustomization.yaml").exists()
        elif flag == "-f" and not value.startswith("~"):
            assert (ROOT / value).exists()
        elif flag == "-n":
            assert value == "soko"
        elif flag == "-l":
            label, _, wanted = value.partition("=")
            assert [each for each in overlay.workloads if each.labels.get(label) == wanted]
    for word in words:
        kind, slash, resource = word.partition("/")
        if slash and kind in _RESOURCES:
            assert overlay.named(_RESOURCES[kind], resource)
        elif word in _RESOURCES:
            assert overlay.of_kind(_RESOURCES[word])
    if "port-forward" in words:
        service = overlay.named("Service", words[-2].partition("/")[2])
        wanted_port = int(words[-1].rpartition(":")[2])
        assert wanted_port in {each["port"] for each in service["spec"]["ports"]}


def test_alerts_are_objects(tools: ClusterTools) -> None:
    (line,) = PIPELINES
    made = line.removesuffix("| kubectl apply -f -")
    text = subprocess.run(["/bin/sh", "-c", made], cwd=ROOT, check=True, capture_output=True).stdout
    rule = yaml.safe_load(text)
    assert rule["spec"] == yaml.safe_load((ROOT / "deploy/prometheus/rules/soko.yml").read_text())
    assert wrong_about([rule], tools) == ""


def test_every_component_is_explained_and_used(overlays: Mapping[str, Overlay]) -> None:
    folders = {path.parent.name for path in (K8S / "components").glob("*/kustomization.yaml")}
    table = README.partition("## What is there")[2].partition("\n## ")[0]
    assert folders <= set(re.findall(r"`(?:components/)?([\w-]+)`", table))
    used = "".join(path.read_text() for path in K8S.glob("overlays/**/kustomization.yaml"))
    # What takes the place of ingress is made by make_overlays().
    assert {each for each in folders if f"components/{each}\n" not in used} == {"gateway-api"}
