"""Structured logs: one JSON object a line on standard output, with trace and request ids."""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Mapping
from typing import Any

import orjson

# structlog loads rich where it finds it, for colourful tracebacks that we never show: that is 0.2 s
# of every start and 4 MiB of every process.
_hidden = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog  # noqa: E402
from structlog.typing import EventDict, WrappedLogger  # noqa: E402

if _hidden is None:
    del sys.modules["rich"]

from chassis.context import current  # noqa: E402

_MOST_CHARACTERS = 2000
_MOST_TRACEBACK = 12_000
_MOST_NESTED = 200
_MOST_ITEMS = 50
_MOST_LEVELS = 3


def cut(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Return a text, without its middle if it is longer than a log should hold."""
    left_out = len(text) - most
    if left_out <= 0:
        return text
    return f"{text[: most // 2]}[{left_out} characters left out]{text[-(most // 2) :]}"


def _bounded(value: object, levels: int = _MOST_LEVELS) -> object:
    """Return a value that is no larger than a log should hold, whatever it was."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and levels:
        items = itertools.islice(value.items(), _MOST_ITEMS)
        return {cut(str(key), _MOST_NESTED): _bounded(each, levels - 1) for key, each in items}
    if isinstance(value, list | tuple | set | frozenset) and levels:
        return [_bounded(each, levels - 1) for each in itertools.islice(value, _MOST_ITEMS)]
    return cut(str(value), _MOST_CHARACTERS if levels == _MOST_LEVELS else _MOST_NESTED)


def _bound(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep every line small: what others send must not fill the disk of the logs."""
    for key, value in event.items():
        traceback = key == "exception" and isinstance(value, str)
        event[key] = cut(value, _MOST_TRACEBACK) if traceback else _bounded(value)
    return event


def _add_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request = current()
    if request.traceparent:
        event["trace_id"] = request.traceparent[3:35]
    if request.request_id:
        event["request_id"] = request.request_id
    return event


def configure_logging(service: str, level: str = "info", fmt: str = "json") -> None:
    """Send our own and the libraries' log records to standard output in one form.

    ``fmt`` is ``json`` for machines or ``console`` for people.
    """

    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        add_service,
        _add_request,
    ]
    if fmt == "json":
        render: list[Any] = [
            structlog.processors.format_exc_info,
            _bound,
            structlog.processors.JSONRenderer(
                serializer=lambda event, **_: orjson.dumps(event, default=str).decode()
            ),
        ]
    else:
        # The default formatter shows the values of local variables, which may be secrets.
        render = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                *shared[3:],
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "aiosmtplib", "asyncio", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
