"""What Orgo says of itself while it runs: on standard error (or in a file), a line each, for people or as JSON; secrets never.

What belongs together is found by its ids: `within(mail=.., task=..)` around a piece of work puts them into each JSON line
that is said meanwhile. Lines for people name them in their words where it matters.
"""

import logging
import sys
from contextlib import AbstractContextManager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

Form = Literal["text", "json"]
FULL = 10_000_000


def set_up(form: Form = "text", *, verbose: bool = False, file: Path | None = None) -> None:
    """Send all log records through structlog to standard error, in this form; `verbose` lets libraries speak too.

    With `file` they go there instead, and to one like it when it is full.
    """
    handler = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else RotatingFileHandler(file, maxBytes=FULL, backupCount=1, encoding="utf-8")
    )
    handler.setFormatter(_json() if form == "json" else _text(colors=file is None and sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("orgo").setLevel(logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)


def within(**ids: object) -> AbstractContextManager[None]:
    """Until the end of the block these ids (mail, letter, task, mailbox, job) stand in each JSON line of this thread."""
    return bound_contextvars(**ids)


def _text(*, colors: bool) -> logging.Formatter:
    """Colours on a terminal, plain lines elsewhere.

    Errors are shown plain: structlog's own choice is rich's traceback where that is installed, and it has the values of
    all variables in it, so passwords and mail.
    """
    renderer = structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return _formatter([structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)], [renderer])


def _json() -> logging.Formatter:
    """An object a line: timestamp (UTC), level, logger, event, ids; an error as text under `exception`."""
    return _formatter(
        [
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            merge_contextvars,
            structlog.processors.format_exc_info,
        ],
        [structlog.processors.JSONRenderer(ensure_ascii=False)],
    )


def _formatter(about: list[Any], shown: list[Any]) -> logging.Formatter:
    before = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), *about]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
    )
