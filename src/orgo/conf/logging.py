"""What Orgo says of itself while it runs: one line each on standard error, secrets never."""

import logging
import sys
from typing import Any

import structlog


def set_up(*, verbose: bool = False) -> None:
    """Send all log records through structlog to standard error: colours on a terminal, plain lines elsewhere."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        structlog.stdlib.ExtraAdder(),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("orgo").setLevel(logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
