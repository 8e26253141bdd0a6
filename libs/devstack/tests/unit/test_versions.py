"""The released version comes out of the history, or it is said loudly that it does not."""

from pathlib import Path

import pytest

from devstack.rolling import versions


def test_the_released_version_is_unpacked_with_what_it_needs_first(tmp_path: Path) -> None:
    old, said = versions.released(tmp_path)
    assert said == []
    for folder in old.path.split(":"):
        assert Path(folder).is_dir()
    orders = tmp_path / "services" / "orders" / "src"
    assert str(orders) in old.path.split(":")
    for line in versions.PATCH.read_text().splitlines() if versions.PATCH.exists() else ():
        if line.startswith("+++ b/"):
            assert (tmp_path / line.removeprefix("+++ b/")).exists()


def test_a_clone_without_it_says_so_and_takes_the_present_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "release"
    named.write_text("0" * 40)
    monkeypatch.setattr(versions, "RELEASE", named)
    old, (said,) = versions.released(tmp_path / "unpacked")
    assert old.path == ""
    assert "IS NOT IN THIS CLONE" in said
