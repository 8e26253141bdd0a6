"""The life of a stack, with stubs for the services and real PostgreSQL, NATS and mail sink."""

import json
import os
import signal
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.databases import SERVICES
from devstack.postgres_binaries import binaries_for
from devstack.state import read_state
from devstack.testing import eventually
from devstack.unprivileged import OrdinaryUser
from libs.devstack.tests.integration.soko_runner import (
    NAMES,
    Soko,
    is_alive,
    kill,
    people,
    soko,
)


@pytest.fixture(params=people(), ids=lambda person: person.name)
def stack(request: pytest.FixtureRequest) -> Iterator[Soko]:
    with soko(request.param) as runner:
        yield runner


@pytest.fixture
def own_stack() -> Iterator[Soko]:
    with soko(people()[0]) as runner:
        yield runner


async def none_alive(pids: dict[str, int]) -> bool:
    return not any(map(is_alive, pids.values()))


async def test_a_stack_starts_tells_of_itself_and_ends(stack: Soko) -> None:
    code, output = stack.up()
    assert code == 0, output
    assert f"http://127.0.0.1:{stack.port}" in output
    code, output = stack.run("status", "--json")
    status = json.loads(output)
    assert (status["state"], status["url"]) == ("running", f"http://127.0.0.1:{stack.port}")
    assert {entry["name"] for entry in status["services"]} == NAMES
    assert all(entry["rss_mib"] > 1 for entry in status["services"])

    code, output = stack.up()
    assert code == 0
    assert "running already" in output
    pids = stack.pids()

    code, output = stack.run("down")
    assert code == 0
    assert "PostgreSQL" in output
    assert "NATS" in output
    assert await none_alive(pids)
    assert stack.report().state == "stopped"
    assert stack.run("down") == (0, "Soko is not running.\n")

    home = stack.folder / "home"
    assert (home / "postgres").exists()
    assert stack.start("reset").wait() != 0
    assert (home / "postgres").exists()
    assert stack.run("reset", "--yes")[0] == 0
    assert not (home / "postgres").exists()
    assert not (home / "secrets").exists()
    assert not (home / "sandbox").exists()


async def test_a_start_recovers_what_a_killed_supervisor_left(stack: Soko) -> None:
    stack.variables["STUB_STUBBORN"] = "gateway"
    assert stack.up()[0] == 0
    pids = stack.pids()
    kill(pids["supervisor"])
    gateway = pids.pop("gateway")
    await eventually(lambda: none_alive(pids))
    assert is_alive(gateway)
    code, output = stack.up()
    assert code == 0, output
    assert stack.report().state == "running"
    assert not is_alive(gateway)
    assert len(stack.migrations) == 5


async def test_forked_services_live_and_die_like_others(own_stack: Soko) -> None:
    own_stack.variables["SOKO_FORK_SERVICES"] = "true"
    code, output = own_stack.up()
    assert code == 0, output
    before = own_stack.pids()
    for name in SERVICES:
        status = Path(f"/proc/{before[name]}/status").read_text()
        assert f"Name:\t{name}\n" in status
        assert f"PPid:\t{before['supervisor']}\n" in status
        assert os.getsid(before[name]) == before[name]
    kill(before["orders"])

    def is_back() -> bool:
        entry = own_stack.component("orders")
        return entry.pid != before["orders"] and entry.state == "ready"

    await eventually(is_back)
    pids = own_stack.pids()
    kill(pids["supervisor"])
    await eventually(lambda: none_alive(pids))


@pytest.mark.parametrize("name", ["orders", "gateway", "nats", "postgres", "mail"])
async def test_a_killed_process_comes_back(running: Soko, name: str) -> None:
    before = running.pids()
    kill(before[name])

    def is_back() -> bool:
        entry = running.component(name)
        return entry.pid != before[name] and entry.state == "ready"

    await eventually(is_back)
    assert {n: pid for n, pid in running.pids().items() if n != name} == {
        n: pid for n, pid in before.items() if n != name
    }


async def test_a_mail_arrives_in_the_sink(running: Soko) -> None:
    state = read_state(running.home)
    assert state is not None
    with smtplib.SMTP("127.0.0.1", state.smtp_port) as client:
        client.sendmail(
            "no-reply@soko.example",
            ["buyer@soko.example"],
            "Subject: Karibu\r\nTo: buyer@soko.example\r\n\r\nAsante",
        )
    assert "Karibu" in running.run("mail")[1]
    assert "Asante" in running.run("mail", "show", "1")[1]
    assert running.run("mail", "show", "7")[0] == 1


async def test_a_role_is_granted_with_the_variables_of_identity(running: Soko) -> None:
    code, output = running.run("admin", "grant", "somebody@soko.example", "admin")
    assert (code, output) == (0, "granted somebody@soko.example admin\n")


async def test_logs_are_told_apart(running: Soko) -> None:
    assert "ready to accept connections" in running.run("logs", "postgres")[1]
    assert "nats          | " in running.run("logs")[1]
    code, output = running.run("logs", "accounting")
    assert code == 1
    assert "orders" in output


@pytest.fixture(scope="module")
def running() -> Iterator[Soko]:
    with soko(people()[0]) as runner:
        code, output = runner.up()
        assert code == 0, output
        yield runner


async def test_ctrl_c_ends_a_stack_in_the_foreground(own_stack: Soko) -> None:
    process = own_stack.start("up", "--no-demo")
    await eventually(lambda: own_stack.report().state == "running", timeout_s=20)
    pids = own_stack.pids()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert "Stop it with Ctrl-C" in output
    assert await none_alive(pids)


async def test_a_taken_port_is_named_with_what_to_do(own_stack: Soko) -> None:
    with socket.create_server(("127.0.0.1", own_stack.port)):
        code, output = own_stack.up()
    assert code == 1
    assert f"Port {own_stack.port} is in use by" in output
    assert f"process {os.getpid()}" in output
    assert "./soko up --port" in output
    assert own_stack.report().state == "stopped"


async def test_a_taken_port_of_figures_is_named_before_anything_starts(own_stack: Soko) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = own_stack.up("--metrics-port", str(port - 1))
        assert code == 1
        assert f"Port {port}, for figures, is in use by" in output
        assert "./soko up --metrics-port N" in output


async def test_a_service_that_does_not_start_is_named_with_its_last_words(own_stack: Soko) -> None:
    own_stack.variables["STUB_BREAKS"] = "payments serve"
    code, output = own_stack.up()
    assert code == 1
    assert "Payments did not start" in output
    assert "payments does not want to serve" in output
    assert own_stack.report().state == "stopped"


async def test_migrations_run_once_and_again_after_a_failure(own_stack: Soko) -> None:
    own_stack.variables["STUB_BREAKS"] = "catalog migrate"
    code, output = own_stack.up()
    assert code == 1
    assert "catalog does not want to migrate" in output
    del own_stack.variables["STUB_BREAKS"]
    assert own_stack.up()[0] == 0
    names = [line.split()[0] for line in own_stack.migrations]
    assert names.count("catalog") == 1
    assert set(names) == {"identity", "catalog", "orders", "payments", "notifications"}


async def test_two_starts_at_once_make_one_stack(own_stack: Soko) -> None:
    starts = [own_stack.start("up", "--detach", "--no-demo") for _ in range(2)]
    outputs = [start.communicate(timeout=60)[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], outputs
    assert own_stack.report().state == "running"


def test_binaries_are_copied_for_a_user_who_cannot_reach_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Outsider(OrdinaryUser):
        def can_reach(self, folder: Path) -> bool:
            return "site-packages" not in str(folder)

    shelter = tmp_path / "shelter"
    monkeypatch.setattr("devstack.postgres_binaries._SHELTERS", (shelter,))
    outsider = Outsider(os.geteuid(), os.getegid(), changes=False)
    copied = binaries_for(outsider)
    assert copied.is_relative_to(shelter)
    version = subprocess.run([copied / "postgres", "-V"], capture_output=True, check=True)
    assert version.stdout.startswith(b"postgres (PostgreSQL) 18")
    assert subprocess.run([copied / "psql", "-V"], check=False).returncode == 0
    assert binaries_for(outsider) == copied
