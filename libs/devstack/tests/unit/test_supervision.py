"""Small parts of the stack, without starting one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import log_view, mailbox, ports
from devstack.component import Component
from devstack.databases import fingerprint
from devstack.generated_secrets import key, secret
from devstack.home import Home, HomeError
from devstack.options import StackOptions, variables
from devstack.processes import Process, memory_mib
from devstack.state import StackState, is_locked, lock, read_state
from devstack.unprivileged import OrdinaryUser


def test_a_secret_stays_the_same_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert secret(tmp_path, "nats") == secret(tmp_path, "nats")
    assert secret(tmp_path, "nats") != secret(tmp_path, "secret")
    assert key(tmp_path, "a-key") == key(tmp_path, "a-key")
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_the_environment_is_completed_by_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text('# words\nSOKO_HTTP_PORT=1\nexport SOKO_LOG_LEVEL="debug"\n')
    monkeypatch.setenv("SOKO_HTTP_PORT", "2")
    found = variables(tmp_path)
    assert (found["SOKO_HTTP_PORT"], found["SOKO_LOG_LEVEL"]) == ("2", "debug")


def test_a_port_that_was_asked_for_wins() -> None:
    chosen = {"SOKO_HTTP_PORT": "9000", "SOKO_HTTP_HOST": "0.0.0.0"}
    assert StackOptions.of_environment(chosen, port=9001, demo=True).port == 9001
    options = StackOptions.of_environment(chosen, port=None, demo=True)
    assert (options.port, options.url) == (9000, "http://127.0.0.1:9000")
    assert StackOptions.from_text(options.as_text()) == options


def test_figures_are_told_where_somebody_said_so() -> None:
    def chosen(variables: dict[str, str], metrics_port: int | None = None) -> int:
        return StackOptions.of_environment(
            variables, port=None, demo=True, metrics_port=metrics_port
        ).metrics_port

    assert chosen({}) == 0
    assert chosen({"SOKO_METRICS_PORT": "9464"}) == 9464
    assert chosen({"SOKO_METRICS_PORT": "9464"}, 9500) == 9500


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(HomeError, match="SOKO_HTTP_PORT is 'eighty'"):
        StackOptions.of_environment({"SOKO_HTTP_PORT": "eighty"}, port=None, demo=True)


def test_a_taken_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert f"process {os.getpid()}" in ports.in_use_message("127.0.0.1", port)
    assert ports.is_free("127.0.0.1", port)


def test_one_supervisor_holds_the_lock(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not is_locked(home)
    held = lock(home)
    assert held is not None
    assert is_locked(home)
    held.close()
    assert not is_locked(home)


def test_the_state_survives_writing_and_nonsense_does_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    state = StackState(1, "b:2", "running", "", "127.0.0.1", 8000, demo=True)
    state.write(home)
    assert read_state(home) == state
    home.state_file.write_text("{}")
    assert read_state(home) is None


def test_a_process_is_not_mistaken_for_a_later_one() -> None:
    own = Process.of(os.getpid())
    assert own.alive
    assert not Process(own.pid, "another boot:1").alive
    assert memory_mib(own.pid)[0] > 5


def test_an_ended_process_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process.of(child.pid)
    assert process.alive
    child.communicate(b"\n")
    assert not process.alive


def test_a_closed_folder_cannot_be_reached(tmp_path: Path) -> None:
    stranger = OrdinaryUser(4242, 4242, changes=True)
    tmp_path.chmod(0o700)
    assert not stranger.can_reach(tmp_path / "deeper")
    assert stranger.can_reach(Path("/"))
    assert OrdinaryUser(os.geteuid(), os.getegid(), changes=False).can_reach(tmp_path)


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="file"):
        Home(tmp_path / "file" / "home").prepare()


def test_sockets_have_short_paths_however_long_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 50))
    assert len(str(home.postgres_socket_folder / ".s.PGSQL.5432.lock")) < 107
    assert home.runtime != Home(tmp_path).runtime


def test_a_database_that_its_user_cannot_reach_at_home_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Outsider(OrdinaryUser):
        def can_reach(self, folder: Path) -> bool:
            return "shelter" in folder.parts

    monkeypatch.setattr("devstack.home.SHELTERS", (tmp_path / "shelter",))
    outsider = Outsider(os.geteuid(), os.getegid(), changes=False)
    home = Home(tmp_path / "home")
    home.prepare()
    folder = home.postgres_folder(outsider)
    assert folder.parent == tmp_path / "shelter"
    assert home.postgres_folder(outsider) == folder
    home.wipe()
    assert not folder.exists()


def test_changed_migrations_have_another_fingerprint(tmp_path: Path) -> None:
    folder = tmp_path / "services/orders/src/orders/migrations/versions"
    folder.mkdir(parents=True)
    (folder / "0001.py").write_text("one")
    before = fingerprint("orders", tmp_path)
    (folder / "0002.py").write_text("two")
    assert fingerprint("orders", tmp_path) != before
    (folder / "0002.py").unlink()
    assert fingerprint("orders", tmp_path) == before


def component(folder: Path, *command: str) -> Component:
    log = folder / "some.log"

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(command, stdout=output, start_new_session=True)

    return Component("some", "Some", log, launch, lambda: True)


def test_a_component_that_keeps_crashing_is_restarted_less_and_less_often(tmp_path: Path) -> None:
    crashing = component(tmp_path, "false")
    pauses = []
    for _ in range(9):
        crashing.start()
        assert crashing._child is not None
        crashing._child.wait()
        assert crashing.exit_code() == 1
        before = crashing._started_at
        crashing.crashed()
        pauses.append(round(crashing.restart_at - before, 1))
    assert pauses[0] < 1
    assert sorted(pauses) == pauses
    assert pauses[-1] < 11
    assert crashing.restarts == 9


def test_a_long_log_is_moved_aside_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devstack.component._LOG_LARGEST_BYTES", 10)
    writing = component(tmp_path, "sh", "-c", "echo first line; read word; echo second line")
    with writing.log.open("ab", buffering=0) as log:
        log.write(b"first line\n")
        writing.rotate_log()
        log.write(b"second line\n")
    assert (tmp_path / "some.log.1").read_text() == "first line\n"
    assert writing.log.read_text() == "second line\n"


def test_logs_are_followed_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "orders.log"
    log.write_text("older\nthe last line before the rotation\n")
    shown = list(log_view.last_lines(tmp_path, ["orders"], 1))
    assert shown == ["the last line before the rotation"]
    lines = log_view.follow(tmp_path, ["orders"], 0.01)
    log.write_text("")
    with log.open("ab", buffering=0) as file:
        file.write(b"new\nand n")
        assert next(lines) == "new"
        file.write(b"ewer\n")
        assert next(lines) == "and newer"


def test_a_mail_is_read_with_all_its_parts(tmp_path: Path) -> None:
    (tmp_path / "000007.eml").write_bytes(
        b"X-Envelope-From: a@soko.example\r\nX-Envelope-To: b@soko.example, c@soko.example\r\n"
        b"Subject: =?utf-8?q?Ksh_=E2=82=AC?=\r\nContent-Type: multipart/alternative; boundary=x\r\n"
        b"\r\n--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n--x\r\nContent-Type: text/html\r\n"
        b"\r\n<p>html</p>\r\n--x--\r\n"
    )
    (mail,) = mailbox.mails(tmp_path)
    assert mail.to == ("b@soko.example", "c@soko.example")
    assert mail.subject == "Ksh €"
    assert (mail.text.strip(), mail.html.strip()) == ("plain", "<p>html</p>")
    assert "plain" in mailbox.mail_text(tmp_path, 7)
    with pytest.raises(FileNotFoundError):
        mailbox.mail_text(tmp_path, 8)
