"""Checkov finds nothing that is not explained here, and everything that is explained."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.cluster_tools import ClusterTools
from tests.deploy.manifests import Overlay

EXPLAINED = {
    "CKV_K8S_11": "A CPU limit slows a process down while its node is idle; requests divide a busy"
    " node's time, and each process uses one core at most. Memory is limited.",
    "CKV_K8S_15": "Each image has a version of its own that never changes, so that it need not be"
    " asked for at each start; with Always no pod starts while the registry is away.",
    "CKV_K8S_43": "Who builds the images knows their digests, and names them in the overlay's"
    " images (digest: instead of newTag:).",
    ("CKV_K8S_35", "Deployment.soko.catalog"): "The library for object stores reads its keys from"
    " the environment alone.",
}


def test_findings_are_explained(
    tools: ClusterTools, overlays: Mapping[str, Overlay], tmp_path: Path
) -> None:
    for name, overlay in overlays.items():
        (tmp_path / name).mkdir()
        for stage, text in overlay.stages.items():
            (tmp_path / name / f"{stage}.yaml").write_text(text)
    said = tools.run(
        *("-m", "checkov.main", "--framework", "kubernetes", "--skip-download", "--quiet"),
        *("--compact", "--output", "json", "--directory", tmp_path),
    )
    report = json.loads(said.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 2000
    assert report["summary"]["skipped"] == 0
    unexplained, needed = [], set()
    for finding in report["results"]["failed_checks"]:
        check, resource = finding["check_id"], finding["resource"]
        reason = next((key for key in (check, (check, resource)) if key in EXPLAINED), None)
        needed.add(reason)
        if reason is None:
            unexplained.append(f"{check} {finding['check_name']}: {resource}")
    assert not unexplained
    assert needed == set(EXPLAINED)
