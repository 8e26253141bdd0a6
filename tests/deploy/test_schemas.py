"""Every object is one that the API server takes, as its own schema says."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.cluster_tools import ClusterTools
from tests.deploy.manifests import Document, Overlay

# The oldest that has what the manifests use (a container's preStop.sleep), and the newest known.
VERSIONS = ("1.30", "1.37")
CUSTOM = Path(__file__).parent / "crds"
_CUSTOM_GROUPS = {path.name.partition("_")[0] for path in CUSTOM.glob("*.json")}


def is_custom(document: Document) -> bool:
    return document["apiVersion"].partition("/")[0] in _CUSTOM_GROUPS


def wrong_about(custom: list[Document], tools: ClusterTools) -> str:
    """Compare operators' objects with their schemas; return what is wrong."""
    done = subprocess.run(
        [tools.python, CUSTOM / "validate.py"],
        input=json.dumps(custom),
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == bool(done.stdout + done.stderr)
    return done.stdout + done.stderr


def test_objects_of_kubernetes_fit(
    tools: ClusterTools, overlays: Mapping[str, Overlay], tmp_path: Path
) -> None:
    documents = {
        json.dumps(document, sort_keys=True)
        for overlay in overlays.values()
        for document in overlay.documents
        if not is_custom(document)
    }
    file = tmp_path / "objects.yaml"
    file.write_text("\n---\n".join(sorted(documents)))
    versions = [word for version in VERSIONS for word in ("-k", version)]
    said = tools.run("-m", "kubernetes_validate", "--strict", "--quiet", *versions, file)
    # A kind that is not known is a warning, and success.
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_objects_of_operators_fit(tools: ClusterTools, overlay: Overlay) -> None:
    custom = [document for document in overlay.documents if is_custom(document)]
    if overlay.name != "local":
        assert custom
    assert wrong_about(custom, tools) == ""


def test_no_name_is_given_twice(overlay: Overlay) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in overlay.documents]
    assert len(names) == len(set(names))


def test_every_object_is_in_the_namespace(overlay: Overlay) -> None:
    elsewhere = {
        (each["kind"], each["metadata"]["name"])
        for each in overlay.documents
        if each["metadata"].get("namespace") != "soko"
    }
    assert elsewhere == {("Namespace", "soko")}
