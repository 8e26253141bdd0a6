"""What ``soko compose-secrets`` writes."""

import stat
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from devstack.compose_secrets import write_compose_secrets

_LIFE = timedelta(days=2)


def test_each_container_gets_its_own_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_compose_secrets(folder, _LIFE)
    orders = {path.name for path in (folder / "orders").iterdir()}
    assert orders == {"cert.pem", "key.pem", "ca.pem", "secret", "database-url", "nats-url"}
    url = (folder / "orders/database-url").read_text().strip()
    password = (folder / "postgres/orders").read_text().strip()
    assert url == f"postgresql://soko_orders:{password}@postgres:5432/soko_orders"
    assert password not in "".join(p.read_text() for p in (folder / "payments").iterdir())
    nats_password = (folder / "orders/nats-url").read_text().split(":")[2].partition("@")[0]
    assert nats_password in (folder / "nats/users.conf").read_text()
    signing = {path.parent.name for path in folder.glob("*/token-signing-key")}
    assert signing == {"identity", "kept"}


def test_containers_can_read_what_nobody_else_on_the_host_can(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_compose_secrets(folder, _LIFE)
    mode = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert mode[folder] == mode[folder / "kept"] == 0o700
    assert mode[folder / "ca.key"] == mode[folder / "kept/secret"] == 0o600
    assert mode[folder / "orders"] == 0o755
    assert {mode[path] for path in (folder / "orders").iterdir()} == {0o644}


def test_again_renews_certificates_and_keeps_the_rest(tmp_path: Path) -> None:
    write_compose_secrets(tmp_path, _LIFE)
    (tmp_path / "notifications/smtp-url").write_text("smtps://user:password@mail.example\n")
    before = _contents(tmp_path)
    write_compose_secrets(tmp_path, timedelta(days=400))
    changed = {path for path, text in _contents(tmp_path).items() if before[path] != text}
    assert {path.name for path in changed} == {"cert.pem", "key.pem"}
    cert = x509.load_pem_x509_certificate((tmp_path / "orders/cert.pem").read_bytes())
    assert cert.not_valid_after_utc - cert.not_valid_before_utc > timedelta(days=400)


def _contents(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
