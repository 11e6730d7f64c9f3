"""What Orgo says of itself while it runs: on standard error and in files, a line each, for people or as JSON; secrets never.

What belongs together is found by its ids: `within(mail=.., task=..)` around a piece of work puts them into each JSON line
that is said meanwhile. Lines for people name them in their words where it matters.
"""

import json
import logging
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from logging.handlers import RotatingFileHandler
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import structlog
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars, merge_contextvars

from orgo.conf.kinds import password_of
from orgo.conf.logfiles import KINDS, DayFiles, Kind, kind_of
from orgo.conf.show import HIDDEN, values
from orgo.lib.durations import Duration

if TYPE_CHECKING:
    from orgo.conf.config import Config

Form = Literal["text", "json"]
FULL = 10_000_000
_SHORT = 4  # what is shorter stands in many a word


def begin(config: "Config", *, verbose: bool = False, least: int = logging.INFO) -> None:
    """The log of a process that runs for long, as the configuration wants it.

    What weighs less than `least` is not shown; it stands in the files, where there are any.
    """
    secrets = secrets_of(config)
    set_up(config.log.format, verbose=verbose, secrets=secrets)
    logging.getLogger().handlers[0].setLevel(least)
    logging.getLogger("orgo").setLevel(max(least, logging.INFO))
    keep_files(config, secrets)


def keep_files(config: "Config", secrets: Iterable[str] | None = None) -> None:
    """Write the log to files too, where a folder for them is configured; a command's log goes nowhere else."""
    if config.log.folder is None:
        return
    keep: dict[Kind, Duration] = {kind: getattr(config.log.keep, kind) for kind in KINDS}
    days = {kind: one.days + ceil(one.seconds / 86_400) for kind, one in keep.items()}
    files = DayFiles(config.log.folder, days)
    files.setFormatter(_Masked(_json(), secrets_of(config) if secrets is None else secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, DayFiles)] + [files]
    logging.getLogger("orgo").setLevel(logging.INFO)


def secrets_of(config: "Config") -> list[str]:
    """Every secret of the configuration, the passwords in its addresses too."""
    found = [value for _, value in values(config)]
    secrets = [value.get_secret_value() for value in found if isinstance(value, SecretStr)]
    in_addresses = [password_of(text) for text in (*secrets, *(one for one in found if isinstance(one, str)))]
    return [*secrets, *in_addresses, *map(unquote, in_addresses)]


def set_up(
    form: Form = "text", *, verbose: bool = False, file: Path | None = None, secrets: Iterable[str] = ()
) -> None:
    """Send all log records through structlog to standard error, in this form; `verbose` lets libraries speak too.

    With `file` they go there instead, and to one like it when it is full. `secrets` are shown as stars.
    """
    handler = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else RotatingFileHandler(file, maxBytes=FULL, backupCount=1, encoding="utf-8")
    )
    shown = _json() if form == "json" else _text(colors=file is None and sys.stderr.isatty())
    handler.setFormatter(_Masked(shown, secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("orgo").setLevel(logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)


def within(**ids: object) -> AbstractContextManager[None]:
    """Until the end of the block these ids (mail, letter, task, mailbox, job) stand in each JSON line of this thread."""
    return bound_contextvars(**ids)


class _Masked(logging.Formatter):
    """Another formatter's lines without the secrets: a library's error may quote the address that it was given."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self.inner = inner
        long = {secret for secret in secrets if len(secret) > _SHORT}
        written = long | {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in long}
        self.secrets = sorted(written, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = self.inner.format(record)
        for secret in self.secrets:
            line = line.replace(secret, HIDDEN)
        return line


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
    """An object a line: timestamp (UTC), level, kind, logger, event, ids; an error as text under `exception`."""
    return _formatter(
        [
            structlog.stdlib.add_logger_name,
            _add_kind,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            merge_contextvars,
            structlog.processors.format_exc_info,
        ],
        [structlog.processors.JSONRenderer(ensure_ascii=False)],
    )


def _add_kind(logger: object, method: str, event: Any) -> Any:
    return event | {"kind": kind_of(event["_record"])}


def _formatter(about: list[Any], shown: list[Any]) -> logging.Formatter:
    before = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), *about]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
    )
