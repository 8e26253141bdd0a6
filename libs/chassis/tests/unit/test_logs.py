import json
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


def test_no_line_grows_with_what_others_send(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("identity")
    long = "a" * 100_000
    try:
        raise ValueError(long)
    except ValueError as error:
        get_logger("test").error(
            "refused",
            exc_info=error,
            number=1,
            words=long,
            raw=long.encode(),
            many=[long] * 1000,
            named={long + str(number): long for number in range(1000)},
            deep=[[[[[long]]]]],
            thing=error,
        )
    logging.getLogger("library").warning("said %s", long)
    lines = capsys.readouterr().out.splitlines()
    ours, theirs = map(json.loads, lines)
    assert max(map(len, lines)) < 60_000
    assert "[98000 characters left out]" in ours["words"]
    assert ours["number"] == 1
    assert len(ours["many"]) == len(ours["named"]) == 50
    assert ours["exception"].startswith("Traceback")
    assert len(ours["exception"]) < 13_000
    assert len(theirs["event"]) < 2100
