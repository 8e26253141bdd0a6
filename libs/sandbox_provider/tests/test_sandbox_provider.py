"""The sandbox provider as a process: what it answers, and what it knows after it was killed."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from devstack.testing import sandbox_process


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sandbox-") as path:
        yield Path(path)


@pytest.fixture
def run(folder):
    return lambda: sandbox_process(f"unix:{folder}/s.sock", folder / "log.sqlite3")


@pytest.fixture
async def client(folder):
    async with AsyncExitStack() as stack:

        async def fresh():
            transport = httpx.AsyncHTTPTransport(uds=f"{folder}/s.sock")
            made = httpx.AsyncClient(transport=transport, base_url="http://sandbox", timeout=20)
            return await stack.enter_async_context(made)

        yield fresh


def asked(token="tok_success", **more):
    return {
        "attempt_id": str(uuid4()),
        "payment_id": str(uuid4()),
        "token": token,
        "amount_minor": 1000,
        "currency": "KES",
        **more,
    }


async def movements(http):
    found, after = [], ""
    while True:
        page = await http.get(f"/report?since_ms=0&until_ms=9999999999999&limit=7{after}")
        document = page.json()
        found += document["movements"]
        if document["after"] is None:
            return found
        after = f"&after={document['after']}"


async def test_what_was_answered_outlives_a_kill(run, client):
    answered = []
    with run() as process:
        http = await client()

        async def authorize():
            while True:
                payment = asked()
                try:
                    answer = await http.post("/payments", json=payment)
                except httpx.TransportError:
                    return
                answered.append((payment["attempt_id"], answer.json()["status"]))
                if len(answered) == 100:
                    # At once: what this answer promised has no time left to become true.
                    process.send_signal(signal.SIGKILL)

        await asyncio.gather(*(authorize() for _ in range(8)))
    with run():
        http = await client()
        for attempt_id, status in answered:
            found = await http.get(f"/payments/{attempt_id}")
            assert (found.status_code, found.json()["status"]) == (200, status)
        log = [line["attempt_id"] for line in await movements(http)]
        assert len(log) == len(set(log))
        assert {attempt_id for attempt_id, _ in answered} <= set(log)


async def test_the_log_tells_every_movement_once(run, client):
    with run():
        http = await client()
        good, voided, refused = asked(), asked(), asked("tok_declined")
        for payment in (good, voided, refused):
            answers = [await http.post("/payments", json=payment) for _ in range(2)]
            assert answers[0].json() == answers[1].json()
        ids = [payment["attempt_id"] for payment in (good, refused)]
        for _ in range(2):
            done = (await http.post("/captures", json={"attempt_ids": [*ids, "?"]})).json()
            assert {id_: state["status"] for id_, state in done.items()} == dict(
                zip(ids, ("captured", "declined"), strict=True)
            )
            void = await http.post(f"/payments/{voided['attempt_id']}/void", json={})
            assert void.json()["status"] == "voided"
        refund = {"refund_id": str(uuid4()), "attempt_id": ids[0], "amount_minor": 400}
        for _ in range(2):
            assert (await http.post("/refunds", json=refund)).json() == {"status": "succeeded"}
        too_much = {**refund, "refund_id": str(uuid4()), "amount_minor": 601}
        assert (await http.post("/refunds", json=too_much)).json() == {"status": "failed"}
        lines = [(each["kind"], each["attempt_id"]) for each in await movements(http)]
        assert lines == [
            ("authorization", ids[0]),
            ("authorization", voided["attempt_id"]),
            ("capture", ids[0]),
            ("void", voided["attempt_id"]),
            ("refund", ids[0]),
        ]


async def test_tokens_that_make_captures_and_refunds_fail(run, client):
    with run():
        http = await client()
        broken, kept = asked("tok_capture_failed"), asked("tok_refund_failed")
        for payment in (broken, kept):
            assert (await http.post("/payments", json=payment)).json()["status"] == "authorized"
        ids = [broken["attempt_id"], kept["attempt_id"]]
        done = (await http.post("/captures", json={"attempt_ids": ids})).json()
        assert [done[id_]["status"] for id_ in ids] == ["failed", "captured"]
        refund = {"refund_id": str(uuid4()), "attempt_id": ids[1], "amount_minor": 1}
        assert (await http.post("/refunds", json=refund)).json() == {"status": "failed"}


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/payments", b"{", 400),
        ("/payments", b"[]", 400),
        ("/payments", b'{"token": "tok_success"}', 422),
        ("/payments", b"x" * 70_000, 413),
        ("/captures", b'{"attempt_ids": [1]}', 422),
        ("/refunds", b"{}", 422),
        ("/payments/x/decide", b'{"succeed": 1}', 422),
        ("/payments/x/void", b"{}", 404),
        ("/elsewhere", b"{}", 404),
    ],
)
async def test_nonsense_is_refused(run, client, path, content, status):
    with run():
        http = await client()
        assert (await http.post(path, content=content)).status_code == status
        unknown = asked("tok_unheard_of")
        assert (await http.post("/payments", json=unknown)).status_code == 422
        assert (await http.get(f"/payments/{unknown['attempt_id']}")).status_code == 404
        assert await movements(http) == []
