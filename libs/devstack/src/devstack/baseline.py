"""What a release promised, which later changes are compared with: taken at a release."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from devstack import migration_rules
from devstack.home import ROOT
from devstack.rolling.versions import PATCH, RELEASE

_CONTRACT = ROOT / "tests" / "contract"
_DOCUMENTS = ("openapi.json", "asyncapi.json")


def take() -> str:
    """Take the protos, documents and revisions as they are for what is being released.

    Return the commit that stands for its code. Raises CalledProcessError.
    """
    buf = Path(sys.executable).with_name("buf")
    subprocess.run(
        [buf, "build", "protos", "-o", _CONTRACT / "baseline.binpb"], cwd=ROOT, check=True
    )
    for name in _DOCUMENTS:
        if (_CONTRACT / name).exists():
            shutil.copyfile(_CONTRACT / name, _CONTRACT / "baseline" / name)
    migration_rules.freeze()
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    RELEASE.write_text(head.stdout)
    PATCH.unlink(missing_ok=True)
    return head.stdout.strip()
