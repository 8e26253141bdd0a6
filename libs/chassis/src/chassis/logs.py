"""Structured logs: one JSON object a line on standard output, with trace and request ids."""

from __future__ import annotations

import logging
import sys
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
