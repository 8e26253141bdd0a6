"""A backup is all that a stranger needs: a stack, its data and its broker's store are deleted, and
made again from one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import sqlite3
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from devstack.backup import BackupError
from devstack.backup.manifest import seal, verify
from devstack.backup.moment import count_rows
from devstack.databases import SERVICES, database_name, prepare_databases
from devstack.home import Home
from devstack.postgres import PostgresServer
from devstack.testing import eventually
from devstack.unprivileged import ordinary_user
from tests.e2e.marketplace import Account, Marketplace, Product
from tests.e2e.stack import Stack
from tests.e2e.test_audit import audited
from tests.e2e.test_second_factor import log_in, secure
from tests.security.things import picture

Digests = dict[str, dict[str, str]]
PATIENCE_S = 60
# A restored inbox counts its 60 days from the restore.
NOT_COMPARED = {"inbox": " - 'received_at'"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("soko-restore"))
    with stack.running():
        yield stack


@pytest.fixture
async def market(stack: Stack) -> AsyncIterator[Marketplace]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as client:
        yield Marketplace(client, stack.grant)


@dataclass
class Shop:
    owner: Account
    product: Product


@pytest.fixture
async def shop(market: Marketplace) -> Shop:
    category = await market.category(await market.staff("admin"))
    owner, seller_id = await market.open_seller()
    product = await market.product(owner, seller_id, category, on_hand=10_000)
    return Shop(owner, product)


def server_of(stack: Stack) -> PostgresServer:
    home = Home(stack.home)
    data = home.postgres_folder(ordinary_user()) / "data"
    password = (home.secrets / "database-superuser").read_text().strip()
    return PostgresServer(data, home.postgres_socket_folder, password=password)


def digests(server: PostgresServer) -> Digests:
    """Return a digest of all rows of each table of each database."""
    found: Digests = {}
    for service in SERVICES:
        with psycopg.connect(server.url(database_name(service))) as connection:
            for name in count_rows(connection):
                table = name.removeprefix("public.")
                query = sql.SQL(
                    "SELECT count(*) || ' ' || coalesce(md5(string_agg(r, ' ' ORDER BY r)), '')"
                    " FROM (SELECT (to_jsonb(t){})::text AS r FROM {} t) s"
                ).format(
                    sql.SQL(NOT_COMPARED.get(table, "")),
                    sql.Identifier(table),
                )
                row = connection.execute(query).fetchone()
                assert row is not None
                found.setdefault(service, {})[table] = str(row[0])
    return found


async def at_rest(stack: Stack) -> Digests:
    """Wait until nothing changes any more; return what is there then."""
    server, last = server_of(stack), Digests()

    async def same_again() -> bool:
        nonlocal last
        before, last = last, await asyncio.to_thread(digests, server)
        return before == last

    await eventually(same_again, timeout_s=PATIENCE_S)
    return last


async def back_up_at_rest(stack: Stack, folder: Path, *options: str) -> Digests:
    """Back up while nothing changes; return what is there."""

    async def unchanged() -> Digests | None:
        shutil.rmtree(folder, ignore_errors=True)
        before = await at_rest(stack)
        await run(stack, "backup", str(folder), *options)
        # Something that is done now and then may have been done meanwhile.
        after = await asyncio.to_thread(digests, server_of(stack))
        return before if before == after else None

    found: Digests | None = await eventually(unchanged, timeout_s=PATIENCE_S)
    assert found is not None
    return found


async def run(stack: Stack, *arguments: str) -> str:
    return await asyncio.to_thread(stack.run, *arguments)


async def refused(stack: Stack, *arguments: str) -> str:
    """Run a command that has to fail; return its complaint."""
    command = stack.command(*arguments)
    ran = await asyncio.to_thread(
        subprocess.run, command, env=stack.environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stdout
    return str(ran.stderr)


async def start_again(stack: Stack) -> None:
    await run(stack, "up", "--detach", "--no-demo", "--port", str(stack.port))


def change_secret(stack: Stack) -> None:
    """Give the stack a new SOKO_SECRET, and let it accept the former one."""
    file = Home(stack.home).secrets / "secret"
    stack.environ["SOKO_ACCEPTED_SECRETS"] = file.read_text().strip()
    file.write_text(f"{uuid.uuid4().hex}\n")


async def add_picture(market: Marketplace, shop: Shop) -> str:
    """Give the product a picture; return the picture's path."""
    added = await market.client.post(
        f"/v1/products/{shop.product.id}/media",
        files={"file": ("kettle.png", picture(), "image/png")},
        headers={**shop.owner.headers, "Idempotency-Key": "the-only-picture"},
    )
    assert added.status_code == 201, added.text
    return f"/v1/media/{added.json()['id']}/thumb"


async def test_what_was_wiped_is_restored_and_goes_on(
    stack: Stack, market: Marketplace, shop: Shop, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    buyer = await market.register()
    app, _ = await secure(market, buyer)
    path = await add_picture(market, shop)
    image = (await market.client.get(path)).content
    cart = await market.cart((shop.product.variant_id, 2), account=buyer)
    bought = (await market.checkout(cart, account=buyer)).json()
    await market.order_becomes(bought, status="confirmed", payment_status="captured", account=buyer)
    of_a_guest = (await market.checkout(await market.cart((shop.product.variant_id, 1)))).json()
    await market.order_becomes(of_a_guest, status="confirmed", payment_status="captured")
    before = await back_up_at_rest(stack, folder)
    assert "name a new folder" in await refused(stack, "backup", str(folder))
    assert "is running" in await refused(stack, "restore", str(folder), "--replace")

    await run(stack, "down")
    assert "holds a stack" in await refused(stack, "restore", str(folder))
    await run(stack, "reset", "--yes")
    assert not Home(stack.home).has_data
    await run(stack, "restore", str(folder))
    server = server_of(stack)
    server.start(tmp_path / "postgres.log")
    try:
        assert digests(server) == before
    finally:
        server.stop()

    change_secret(stack)
    await start_again(stack)
    await market.order(of_a_guest)
    code = app.generate(int(time.time()) + 30).decode()
    assert (await log_in(market, buyer, totp_code=code)).status_code == 200
    assert (await market.client.get("/v1/me", headers=buyer.headers)).status_code == 200
    assert (await market.client.get(path)).content == image
    order = await market.order(bought, buyer)
    shipped = await market.ship(shop.owner, order, (order["items"][0]["id"], 2))
    assert shipped.status_code == 201, shipped.text
    told = await market.client.post(
        f"/v1/shipments/{shipped.json()['id']}/events",
        json={"status": "delivered"},
        headers=shop.owner.headers,
    )
    assert told.status_code == 201, told.text
    await market.order_becomes(bought, status="completed", account=buyer)
    guest = "guest.after@test.example"
    cart = await market.cart((shop.product.variant_id, 1), email=guest)
    assert (await market.checkout(cart)).status_code == 201

    async def mailed() -> bool:
        mails = await asyncio.to_thread(stack.mails)
        return any(mail["to"] == [guest] for mail in mails)

    await eventually(mailed, timeout_s=PATIENCE_S)
    await at_rest(stack)
    # The new broker was told every event again, and nobody is written to of what was mailed before.
    subjects = [mail["subject"] for mail in stack.mails() if mail["to"] == [buyer.email]]
    assert not [subject for subject in subjects if "confirmed" in subject.lower()], subjects
    await run(stack, "audit", "--json", "--quiet", "0")


async def test_a_servers_databases_move_to_another_server(
    stack: Stack, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    folder, began = tmp_path / "backup", datetime.now(UTC)
    server = server_of(stack)
    secret = (stack.home / "secrets" / "database-superuser").read_text().strip()
    stack.environ["PGPASSWORD"] = secret
    before = await back_up_at_rest(stack, folder, "--server", server.url("postgres", password=""))
    del stack.environ["PGPASSWORD"]
    assert "databases alone" in await refused(stack, "restore", str(folder))
    home = Home(tmp_path / "home")
    home.prepare()
    prepare_databases(postgres_server, home)
    await run(stack, "restore", str(folder), "--server", postgres_server.url("postgres"))
    assert digests(postgres_server) == before
    with psycopg.connect(postgres_server.url(database_name("orders"))) as connection:
        heard = connection.execute("SELECT count(*), min(received_at) FROM inbox").fetchone()
    # An old backup's inboxes must not forget what the outboxes of its time will tell again.
    assert heard is not None
    assert heard[0] > 0
    assert heard[1] > began
    complaint = await refused(
        stack, "restore", str(folder), "--server", postgres_server.url("postgres")
    )
    assert "is not empty" in complaint
    Home(stack.home).unfinished_restore.touch()
    assert "half a backup" in await refused(stack, "up", "--detach")
    Home(stack.home).unfinished_restore.unlink()


HELD = ("authorized", "captured")
TOKENS = ("tok_success", "tok_declined", "tok_success", "tok_async")


async def buy_on(
    market: Marketplace, product: Product, enough: asyncio.Event, placed: list[tuple[float, Any]]
) -> None:
    for token in itertools.cycle(TOKENS):
        if enough.is_set():
            return
        cart = await market.cart((product.variant_id, 1))
        answer = await market.checkout(cart, method={"type": "sandbox", "token": token})
        assert answer.status_code in {201, 202, 402}, answer.text
        if answer.status_code == 201:
            placed.append((time.time(), answer.json()))


async def test_a_backup_during_checkouts_is_of_one_moment(
    stack: Stack, market: Marketplace, shop: Shop, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    enough, placed = asyncio.Event(), list[tuple[float, Any]]()
    buyers = [asyncio.create_task(buy_on(market, shop.product, enough, placed)) for _ in range(3)]
    try:
        await eventually(lambda: len(placed) > 10, timeout_s=PATIENCE_S)
        asked_at = time.time()
        await run(stack, "backup", str(folder))
        made_at = time.time()
        await eventually(lambda: placed[-1][0] > made_at, timeout_s=PATIENCE_S)
    finally:
        enough.set()
        await asyncio.gather(*buyers)
    await run(stack, "down")
    # The provider is another company: what it did since then it goes on knowing.
    providers, kept = Home(stack.home).sandbox_log.parent, tmp_path / "providers"
    shutil.copytree(providers, kept)
    await run(stack, "restore", str(folder), "--replace")
    shutil.rmtree(providers)
    shutil.copytree(kept, providers)
    await start_again(stack)

    for at, order in placed:
        if at < asked_at:
            await market.order_becomes(order, status="confirmed", payment_status="captured")
    await at_rest(stack)
    # What was paid after that moment the provider alone knows, and the audit says just that.
    unknown = await asyncio.to_thread(known_to_the_provider_alone, stack)
    report = await audited(stack, "--quiet", "0", "--grace", "1")
    assert {each["invariant"] for each in report["findings"]} <= {"provider_agrees"}
    assert len(report["findings"]) == len(unknown) > 0


def known_to_the_provider_alone(stack: Stack) -> set[str]:
    """Return the attempts that the sandbox provider holds money of, and payments do not know."""
    with contextlib.closing(sqlite3.connect(Home(stack.home).sandbox_log)) as log:
        held = log.execute("SELECT attempt_id FROM payment WHERE status IN (?, ?)", HELD)
        theirs = {str(row[0]) for row in held}
    with psycopg.connect(stack.database_url("payments")) as connection:
        ours = {str(row[0]) for row in connection.execute("SELECT id FROM attempt")}
    return theirs - ours


def test_a_damaged_backup_or_half_a_one_restores_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    for damage in ("manifest.json", "databases/orders.dump"):
        write_backup(folder)
        (folder / damage).unlink()
        with pytest.raises(BackupError, match=r"holds no whole backup|missing or damaged"):
            verify(folder)
    write_backup(folder)
    with (folder / "databases" / "orders.dump").open("ab") as dump:
        dump.write(b"x")
    with pytest.raises(BackupError, match="missing or damaged"):
        verify(folder)


def write_backup(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "databases").mkdir(parents=True)
    (folder / "databases" / "orders.dump").write_bytes(b"rows")
    seal(folder, version="0", at="2026-01-01", revisions={}, rows={}, media=True)
    verify(folder)
