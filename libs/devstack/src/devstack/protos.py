"""The generated Python code of ``protos/``: made anew, compared, cleared of what is stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devstack.home import ROOT

PROTOS = ROOT / "protos"
GENERATED = PROTOS / "gen"
_CALLERS = Path("soko/callers.toml")
_SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", _CALLERS.name)


class ProtocError(Exception):
    """protoc refused a file; the text is what it said."""


def regenerate() -> list[str]:
    """Write the generated code; return the names of the files that changed, came or went."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        differences = _differences(fresh)
        for name in differences:
            source, target = fresh / name, GENERATED / name
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            else:
                target.unlink()
    return differences


def stale() -> list[str]:
    """Return the names of committed generated files that are not what protoc makes now."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        return _differences(Path(folder))


def generate(target: Path) -> None:
    """Generate messages for all files, and stubs for those that hold a service.

    The list of callers travels with them. Raises ProtocError.
    """
    files = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "soko").rglob("*.proto"))
    with_service = [
        name
        for name in files
        if any(line.startswith("service ") for line in (PROTOS / name).read_text().splitlines())
    ]
    _protoc(["--python_out", "--pyi_out"], target, files)
    _protoc(["--grpc_python_out", "--mypy_grpc_out=quiet:"], target, with_service)
    shutil.copyfile(PROTOS / _CALLERS, target / _CALLERS)


def _protoc(outputs: list[str], target: Path, files: list[str]) -> None:
    options = [f"{o}{target}" if o.endswith(":") else f"{o}={target}" for o in outputs]
    # protoc looks for its plugins on the PATH; ours are beside the interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "grpc_tools.protoc", f"-I{PROTOS}", *options, *files],
        cwd=PROTOS,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProtocError(done.stderr.strip())


def _differences(fresh: Path) -> list[str]:
    names = _names(fresh) | _names(GENERATED)
    return sorted(name for name in names if _content(fresh / name) != _content(GENERATED / name))


def _names(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.endswith(_SUFFIXES)
    }


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
