"""Workers are processes: they are started, replaced when they die, and ended with their parent."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from devstack.testing import eventually


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def environment(port, **changes):
    targets = {
        f"SOKO_{name}_TARGET": "unix:/nowhere"
        for name in ("IDENTITY", "CATALOG", "ORDERS", "PAYMENTS", "NOTIFICATIONS")
    }
    return {
        **os.environ,
        **targets,
        "SOKO_SECRET": "s" * 32,
        "SOKO_NATS_URL": "nats://127.0.0.1:1",
        "SOKO_HTTP_PORT": str(port),
        "SOKO_HTTP_WORKERS": "2",
        **changes,
    }


@pytest.fixture
def gateway(request):
    port, metrics_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve"],
        env=environment(
            port,
            SOKO_ENVIRONMENT="production",
            SOKO_METRICS_PORT=str(metrics_port),
            SOKO_METRICS_HOST="127.0.0.1",
            **getattr(request, "param", {}),
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    process.port, process.metrics_port = port, metrics_port
    yield process
    workers = children(process.pid)
    process.kill()
    process.wait()
    for pid in workers:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def answers(gateway):
    try:
        answer = httpx.get(f"http://127.0.0.1:{gateway.port}/livez", timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


async def test_a_worker_that_dies_is_replaced_and_all_end_together(gateway):
    await eventually(lambda: answers(gateway), timeout_s=30)
    await eventually(lambda: len(children(gateway.pid)) == 2)
    first, second = children(gateway.pid)
    os.kill(first, signal.SIGKILL)

    def replaced():
        found = children(gateway.pid)
        return first not in found and second in found and len(found) == 2

    await eventually(replaced, timeout_s=10)
    for _ in range(20):
        await eventually(lambda: answers(gateway), timeout_s=30)
    workers = children(gateway.pid)
    gateway.send_signal(signal.SIGTERM)
    assert gateway.wait(timeout=30) == 0
    assert not [pid for pid in workers if alive(pid)]


async def test_workers_do_not_outlive_a_killed_parent(gateway):
    await eventually(lambda: answers(gateway), timeout_s=30)
    workers = children(gateway.pid)
    assert len(workers) == 2
    gateway.kill()
    gateway.wait()
    await eventually(lambda: not [pid for pid in workers if alive(pid)], timeout_s=15)


def livez_told(gateway):
    """Return how many answers of /livez the workers tell together."""
    text = httpx.get(f"http://127.0.0.1:{gateway.metrics_port}/metrics", timeout=5).text
    found = re.search(r'route="/livez",status="200"} (\S+)', text)
    return float(found[1]) if found else 0.0


async def test_figures_of_all_workers_have_a_port_of_their_own_in_production(gateway):
    await eventually(lambda: answers(gateway), timeout_s=30)
    await eventually(lambda: len(children(gateway.pid)) == 2)
    before = livez_told(gateway)
    for _ in range(20):
        assert answers(gateway)
    assert {livez_told(gateway) for _ in range(20)} == {before + 20}
    for worker in children(gateway.pid):
        os.kill(worker, signal.SIGKILL)
    await eventually(lambda: answers(gateway), timeout_s=30)
    assert livez_told(gateway) >= before + 20
    public = httpx.get(f"http://127.0.0.1:{gateway.port}/metrics", timeout=5)
    assert public.status_code == 401
    assert "soko_" not in public.text


def test_an_address_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", "serve"],
            env=environment(port),
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def test_a_missing_setting_ends_it_with_a_sentence():
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "serve"],
        env=environment(free_port(), SOKO_SECRET="", SOKO_HTTP_WORKERS="1"),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "SOKO_SECRET" in ended.stderr


@pytest.mark.parametrize("gateway", [{"SOKO_DRAIN_DELAY_S": "3"}], indirect=True)
async def test_a_gateway_that_ends_serves_on_until_balancers_have_noticed(gateway):
    def answer(path):
        return httpx.get(f"http://127.0.0.1:{gateway.port}{path}", timeout=5)

    await eventually(lambda: answers(gateway), timeout_s=30)
    gateway.terminate()
    await eventually(lambda: answer("/readyz").json()["status"] == "draining")
    assert answer("/livez").headers["Connection"] == "close"
    await eventually(lambda: gateway.poll() is not None, timeout_s=30)
    assert gateway.returncode == 0
