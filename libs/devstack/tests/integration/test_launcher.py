"""The launcher in a miniature repository: real environments, but nothing to download."""

import ast
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devstack.home import ROOT
from libs.devstack.tests.integration.soko_runner import Person, people

UV = Path(sys.executable).parent / "uv"
BACKEND = '''
"""A build backend that makes editable wheels and needs nothing."""
import zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    import pathlib
    name = pathlib.Path("NAME").read_text().strip()
    wheel = f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / wheel, "w") as file:
        file.writestr(f"{name}.pth", str(pathlib.Path("src").resolve()) + "\\n")
        info = f"{name}-1.dist-info"
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n")
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        file.writestr(f"{info}/WHEEL", tags)
        file.writestr(f"{info}/RECORD", "")
    return wheel
'''
PROJECT = """
[project]
name = "{name}"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
ECHO = "import sys\nprint('soko says', *sys.argv[1:])\n"


@dataclass
class Clone:
    """A repository with the real launcher and packages that hold next to nothing."""

    folder: Path
    person: Person
    variables: dict[str, str] = field(default_factory=dict)
    python: str = ""

    def run(self, *arguments: str, folder: Path | None = None) -> tuple[int, str]:
        done = subprocess.run(
            [self.python or self.person.python, str(self.folder / "soko"), *arguments],
            env={"HOME": str(self.folder), "PATH": os.defpath, **self.variables},
            cwd=folder or self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **self.person.ids,
        )
        return done.returncode, done.stdout


def make_clone(person: Person) -> Clone:
    folder = Path(tempfile.mkdtemp(prefix="soko-clone-"))
    shutil.copy(ROOT / "soko", folder)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (folder / lock).write_text("# nothing\n")
    for path, name in (("protos", "protos"), ("gateway", "gateway"), ("libs/devstack", "devstack")):
        package = folder / path
        (package / "src" / name).mkdir(parents=True)
        (package / "pyproject.toml").write_text(PROJECT.format(name=name))
        (package / "backend.py").write_text(BACKEND)
        (package / "NAME").write_text(name)
        (package / "src" / name / "__init__.py").write_text("")
    (folder / "libs/devstack/src/devstack/__main__.py").write_text(ECHO)
    (folder / "services").mkdir()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
        if person.user.changes:
            os.chown(path, person.user.uid, person.user.gid)
    return Clone(folder, person)


@pytest.fixture(params=people(), ids=lambda person: person.name)
def clone(request: pytest.FixtureRequest) -> Iterator[Clone]:
    made = make_clone(request.param)
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def ordinary_clone() -> Iterator[Clone]:
    """Of an ordinary user if there is one: pip takes long to do the same for both."""
    made = make_clone(people()[-1])
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture
def own_clone() -> Iterator[Clone]:
    made = make_clone(people()[0])
    yield made
    shutil.rmtree(made.folder)


def with_uv(clone: Clone) -> None:
    folder = clone.folder / "bin"
    folder.mkdir()
    (folder / "uv").write_text(f'#!/bin/sh\necho "$@" >> {clone.folder}/uv-calls\nexec {UV} "$@"\n')
    (folder / "uv").chmod(0o755)
    clone.variables["PATH"] = f"{folder}:{os.defpath}"


def test_with_uv_the_first_command_makes_the_environment_and_later_ones_do_not(
    clone: Clone,
) -> None:
    with_uv(clone)
    code, output = clone.run("up", "--detach", folder=Path("/"))
    assert code == 0, output
    assert "Preparing Soko's environment" in output
    assert "soko says up --detach" in output
    assert clone.run("up") == (0, "soko says up\n")
    assert "--require-hashes" in (clone.folder / "uv-calls").read_text()


def test_without_uv_pip_does_it(ordinary_clone: Clone) -> None:
    code, output = ordinary_clone.run("status")
    assert (code, output) == (0, "Soko is not running. Start it with: ./soko up\n")
    code, output = ordinary_clone.run("up")
    assert code == 0, output
    assert output.endswith("soko says up\n")
    assert ordinary_clone.run("status") == (0, "soko says status\n")


def test_changed_locks_are_installed_again_but_not_to_stop_the_stack(own_clone: Clone) -> None:
    with_uv(own_clone)
    assert own_clone.run("up")[0] == 0
    (own_clone.folder / "requirements.lock").write_text("# other\n")
    assert own_clone.run("down") == (0, "soko says down\n")
    assert "bringing" in own_clone.run("up")[1]
    assert own_clone.run("up") == (0, "soko says up\n")


def test_developers_commands_install_more_once(own_clone: Clone) -> None:
    with_uv(own_clone)
    assert own_clone.run("up")[0] == 0
    assert "requirements-dev.lock" not in (own_clone.folder / "uv-calls").read_text()
    assert own_clone.run("check")[1].endswith("soko says check\n")
    assert "requirements-dev.lock" in (own_clone.folder / "uv-calls").read_text()
    for command in ("test", "up", "check"):
        assert own_clone.run(command) == (0, f"soko says {command}\n")


def test_an_environment_that_broke_is_made_anew(own_clone: Clone) -> None:
    with_uv(own_clone)
    assert own_clone.run("up")[0] == 0
    python = own_clone.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/usr/bin/python-that-was-removed")
    code, output = own_clone.run("up")
    assert code == 0, output
    assert output.endswith("soko says up\n")


def test_a_folder_that_is_no_environment_is_left_alone(own_clone: Clone) -> None:
    precious = own_clone.folder / "precious"
    precious.mkdir()
    (precious / "letter").write_text("keep me")
    own_clone.variables["SOKO_VENV"] = str(precious)
    code, output = own_clone.run("up")
    assert code == 1
    assert "no virtual environment" in output
    assert (precious / "letter").exists()


def test_a_python_without_venv_is_told_what_to_install(own_clone: Clone) -> None:
    # Debian's Python without python3-venv makes half an environment and says this.
    python = own_clone.folder / "debian-python"
    python.write_text(
        "#!/bin/sh\n"
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; ln -s /usr/bin/python3 "$3/bin/python";\n'
        "echo 'The virtual environment was not created successfully because ensurepip is not"
        " available.'; exit 1; fi\n"
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    simulated = (
        f"import runpy, sys; sys.executable = {str(python)!r};"
        f" sys.argv = ['soko', 'up']; runpy.run_path({str(own_clone.folder / 'soko')!r},"
        " run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", simulated],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert (
        f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv" in done.stderr
    )
    assert not (own_clone.folder / ".venv").exists()


def test_a_python_that_is_too_old_is_told_so() -> None:
    simulated = (
        "import runpy, sys; sys.version_info = (3, 8, 1); sys.argv = ['soko', 'up'];"
        f" runpy.run_path({str(ROOT / 'soko')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", simulated],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.8.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_can_parse_the_launcher() -> None:
    ast.parse((ROOT / "soko").read_text(), feature_version=(3, 6))


def test_an_environment_of_somebody_else_is_named(clone: Clone) -> None:
    if os.geteuid() == 0 and not clone.person.user.changes:
        # Nobody's environment is closed to root.
        return
    venv = clone.folder / ".venv"
    venv.mkdir()
    venv.chmod(0o555)
    if clone.person.user.changes:
        os.chown(venv, 0, 0)
    code, output = clone.run("up")
    assert code == 1
    assert "Set SOKO_VENV to a folder of your own" in output


def test_status_before_any_start_is_valid_json(own_clone: Clone) -> None:
    code, output = own_clone.run("status", "--json")
    assert code == 0
    assert json.loads(output) == {"state": "stopped", "url": "", "services": []}
