"""The report of a defect: what happened and where, in a file under `var/reports/`, without any secret."""

import os
import re
import secrets
import sys
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orgo
from orgo.lib import clock

HIDDEN = "***"
SHORTEST = 4
_URL_PASSWORD = re.compile(r"(?<!sqlite)(://[^:\s]*):\S*@")  # up to the last @: a password may have one
_NAMED = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)=[^&\s'\"]*")
_SECRET_NAME = re.compile(r"(?i)PASS|SECRET|TOKEN|_KEY$|CREDENTIAL")


def redacted(text: str) -> str:
    """`text` without passwords in URLs and without any secret that this process was given."""
    for secret in _known():
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\1={HIDDEN}", _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text))


def _known() -> list[str]:
    """The secrets themselves, the longest first: of the configuration in force, and of the environment by their names."""
    found = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    found.update(_of_configuration())
    return sorted((secret for secret in found if len(secret) >= SHORTEST), key=len, reverse=True)


def _of_configuration() -> Iterator[str]:
    boot = sys.modules.get("orgo.conf.boot")
    config = getattr(boot, "_current", None)
    if config is not None:
        from pydantic import SecretStr

        from orgo.conf.show import values

        yield from (value.get_secret_value() for _, value in values(config) if isinstance(value, SecretStr))


def write(error: BaseException, argv: Sequence[str]) -> tuple[str, str]:
    """Write the report; returns its number, and where it is (or why it is nowhere)."""
    number = secrets.token_hex(4)
    folder = Path(os.environ.get("ORGO_HOME") or ".") / "var" / "reports"
    file = folder / f"{number}.txt"
    head = f"Orgo {orgo.__version__}, Python {sys.version.split()[0]}, {sys.platform}, {_now():%Y-%m-%d %H:%M:%S} UTC"
    text = "\n".join([head, f"orgo {' '.join(argv)}", "", *traceback.format_exception(error)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(redacted(text))
    except OSError as problem:
        return number, f"no file could be written to {folder}: {problem.strerror}"
    return number, str(file)


def _now() -> datetime:
    return clock.now().astimezone(UTC)
