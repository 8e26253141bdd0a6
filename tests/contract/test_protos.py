"""gRPC and event contracts change only by adding, and say what they mean."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.source_tree import ROOT

BUF = Path(sys.executable).with_name("buf")
BASELINE = ROOT / "tests" / "contract" / "baseline.binpb"


def buf(*arguments: str) -> str:
    ran = subprocess.run(
        [BUF, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    return ran.stdout + ran.stderr


def test_every_message_field_and_call_is_documented() -> None:
    assert buf("lint", "protos") == ""


def test_nothing_that_a_client_relies_on_has_changed() -> None:
    assert buf("breaking", "protos", "--against", str(BASELINE)) == ""


def test_a_removed_field_would_be_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "protos"
    for source in (ROOT / "protos" / "soko").rglob("*.proto"):
        target = copy / source.relative_to(ROOT / "protos")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text().replace("string currency = 2;", "int32 currency = 2;"))
    (copy / "buf.yaml").write_text((ROOT / "protos" / "buf.yaml").read_text())
    assert "currency" in buf("breaking", str(copy), "--against", str(BASELINE))
