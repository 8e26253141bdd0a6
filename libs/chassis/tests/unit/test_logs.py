import logging
from collections.abc import Iterator

import pytest

from chassis.logs import configure_logging, get_logger


@pytest.fixture(autouse=True)
def former_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_a_logged_failure_shows_where_it_was_but_no_values(
    fmt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("identity", "info", fmt)

    def log_in(password: str) -> None:
        raise ValueError("away")

    try:
        log_in("".join(["jaca", "randa"]))
    except ValueError as error:
        get_logger("test").error("rpc_failed", exc_info=error)
    written = capsys.readouterr().out
    assert "rpc_failed" in written
    assert "log_in" in written
    assert "jacaranda" not in written
