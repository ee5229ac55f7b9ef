"""Logging: one line per event on standard error, as text or JSON, without secrets."""

from __future__ import annotations

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Names of values that must never be printed, wherever they come from.
_SECRET_NAMES = re.compile(
    r"secret|password|token|authorization|api_?key|integration_?code|cookie", re.IGNORECASE
)
#: Secrets that sit inside our own addresses.
_SECRET_PATHS = re.compile(r"(/hooks/(?:datto-rmm|autotask/callout)/)[^/\s?\"]+")


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secret values by a mark; a structlog processor."""
    for name, value in list(event.items()):
        if _SECRET_NAMES.search(name):
            event[name] = "[hidden]"
        elif value is not None and not isinstance(value, int | float):
            # Objects too: a request's own text holds its address.
            text = value if isinstance(value, str) else str(value)
            if isinstance(value, str) or _SECRET_PATHS.search(text):
                event[name] = _SECRET_PATHS.sub(r"\1[hidden]", text)
    return event


def configure(options: dict[str, Any]) -> None:
    """Set up logging; called by Django with settings.LOGGING.

    Args:
        options: {"level": str, "format": "text" | "json", "color": bool}.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    if options["format"] == "json":
        renderer: Any = structlog.processors.JSONRenderer()
        shared.append(structlog.processors.format_exc_info)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            # Plain, because the richer formatters print local variables, which may hold secrets.
            colors=options["color"],
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # Celery tells of every task twice; the rows tell more.
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.request": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "django_celery_beat": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
