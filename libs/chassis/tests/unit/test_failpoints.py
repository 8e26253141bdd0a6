"""A process dies where it was told to, once, and never in production."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.failpoints import failpoint
from chassis.settings import ProcessSettings

PROGRAM = """
import sys
from pathlib import Path
from chassis.failpoints import failpoint, watch

watch("orders", Path(sys.argv[1]))
for passage in range(1, 6):
    print(passage, flush=True)
    failpoint("place.before_commit")
    failpoint("place.after_commit")
"""


def run(folder: Path) -> tuple[int, list[str]]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout.split()


def test_it_dies_at_the_passage_it_was_told_and_lives_on_afterwards(tmp_path: Path) -> None:
    (tmp_path / "orders.place.after_commit").write_text("3")
    (tmp_path / "catalog.place.after_commit").write_text("1")
    assert run(tmp_path) == (-signal.SIGKILL, ["1", "2", "3"])
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left == ["catalog.place.after_commit", "orders.place.after_commit.fired"]
    assert run(tmp_path) == (0, ["1", "2", "3", "4", "5"])


def test_half_written_orders_are_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "orders.place.after_commit").write_text("")
    assert run(tmp_path)[0] == 0


def test_nothing_happens_where_nobody_watches() -> None:
    failpoint("place.after_commit")


def test_production_takes_none(tmp_path: Path) -> None:
    secret = "s" * 32
    settings = ProcessSettings(secret=secret, failpoints=tmp_path)
    assert settings.failpoints == tmp_path
    with pytest.raises(ValidationError, match="production takes no failpoints"):
        ProcessSettings(secret=secret, environment="production", failpoints=tmp_path)
