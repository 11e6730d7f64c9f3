"""The exit codes, and the words for whatever ends a command: the only place where an exception becomes either."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum

import click

from orgo.lib.problems import BadInput, Problem
from orgo.ops.brokers import MEND

_OF_LINES = "\n\t"


class Code(IntEnum):
    """What a command's end says to a script (DESIGN.md section 9)."""

    DONE = 0
    FAILED = 1
    WRONG_INPUT = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    PARTLY = 6
    UNREACHABLE = 69
    DEFECT = 70
    IO = 74
    LATER = 75
    INTERRUPTED = 130


class Stop(Exception):
    """A command ends here: `problems` are said and `code` is its exit code."""

    def __init__(self, code: Code, *problems: Problem | str) -> None:
        self.code = code
        self.problems = [item if isinstance(item, Problem) else Problem(item) for item in problems]
        super().__init__("\n".join(map(str, self.problems)))


def guarded(work: Callable[[], int | None], argv: Sequence[str]) -> int:
    """Run `work`; whatever it raises becomes a clear word on standard error and the exit code that is returned."""
    try:
        code = work() or Code.DONE
        sys.stdout.flush()
    except BrokenPipeError:
        return _quiet()
    except (KeyboardInterrupt, click.Abort, EOFError):
        return _say(Code.INTERRUPTED, [Problem("stopped; nothing that was finished is lost")], argv)
    except Exception as error:
        return _answer(error, argv)
    return int(code)


def _answer(error: Exception, argv: Sequence[str]) -> int:
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, Stop):
        return _say(error.code, error.problems, argv)
    if isinstance(error, BadInput):
        return _say(Code.WRONG_INPUT, error.problems, argv)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return Code.WRONG_INPUT
    if isinstance(error, click.ClickException):
        return _say(Code.WRONG_INPUT, [Problem(_click_words(error))], argv)
    code, words = _known(error)
    return _say(code, [Problem(_masked(words))], argv) if code else _defect(error, argv)


def _masked(words: str) -> str:
    """What a library says of a server, without its password."""
    from orgo.cli.report import redacted

    return redacted(words)


def _say(code: Code, problems: Sequence[Problem], argv: Sequence[str]) -> int:
    """Each problem on standard error; with --json also as an object a line on standard output."""
    for problem in problems:
        click.echo(f"orgo: {plain(str(problem), keep=_OF_LINES)}", err=True)
    if "--json" in argv:
        try:
            for problem in problems:
                click.echo(json.dumps({"error": problem.as_json()}, ensure_ascii=False))
            sys.stdout.flush()
        except OSError:
            _quiet()
    return int(code)


def plain(text: str, keep: str = "") -> str:
    """Text of strangers as a terminal may have it: nothing in it moves the cursor or hides other text."""
    return "".join(letter if letter.isprintable() or letter in keep else " " for letter in text)


def _click_words(error: click.ClickException) -> str:
    words = error.format_message().rstrip(".").replace(". (Did", " (Did")
    words = words[:1].lower() + words[1:]
    context = getattr(error, "ctx", None)
    return f"{words}; see {context.command_path} --help" if context else words


def _known(error: Exception) -> tuple[Code | None, str]:
    """What the outside world did wrong: a task that is not there, a server that does not answer, a full disk."""
    name, text = f"{type(error).__module__}.{type(error).__name__}", str(error).strip()
    if name.startswith("orgo.flow.acting."):
        return _of_acting(type(error).__name__, text)
    if name == "orgo.intake.space.NoRoom":
        return Code.LATER, f"{text}, then run it again"
    refusal = _REFUSALS.get(_state_of(error))
    if refusal is not None:
        return Code.UNREACHABLE, f"{_database()} {refusal.format(text.partition(chr(10))[0])}"
    if name == "psycopg.ProgrammingError" and text.startswith("invalid"):
        return Code.WRONG_INPUT, f"{_database()} can't be used: {text}; mend this in database:"
    if name == "django.db.utils.NotSupportedError":
        return Code.WRONG_INPUT, f"this database can't be used: {text}"
    if name in ("django.db.utils.OperationalError", "django.db.utils.DatabaseError") or name.startswith(
        "psycopg"
    ):
        return _of_database(text)
    if name == "django.core.exceptions.ImproperlyConfigured" and "psycopg" in text:
        return Code.WRONG_INPUT, "the database's driver is not installed: pip install 'psycopg[binary]'"
    if name in _NOT_LET_IN:
        return Code.UNREACHABLE, f"the queue does not let Orgo in: {text}; {MEND}"
    if name.startswith(("kombu.exceptions.Operational", "redis.exceptions.", "amqp.exceptions.")):
        return Code.UNREACHABLE, f"the queue can't be reached: {text}"
    if name.startswith(("smtplib.", "ssl.", "socket.")) or isinstance(error, ConnectionError | TimeoutError):
        return Code.UNREACHABLE, f"a server can't be reached: {text}"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Code.IO, f"{place}{error.strerror or text}"
    return None, ""


# By SQLSTATE: a server says the words in its own language.
_REFUSALS = {
    "25006": "takes no writes ({}); name the primary in database:, or have default_transaction_read_only off",
    "42501": "does not let Orgo's user do that ({}); give it the right, or make it the owner of the schema orgo",
}
_NOT_LET_IN = {
    "amqp.exceptions.AccessRefused",
    "amqp.exceptions.NotAllowed",
    "redis.exceptions.AuthenticationError",
    "redis.exceptions.NoPermissionError",
}


def _state_of(error: Exception) -> str:
    """The SQLSTATE of the driver's error, which Django's own is made from; "" where there is none."""
    return next((found for one in (error, error.__cause__) if (found := getattr(one, "sqlstate", None))), "")


def _of_acting(name: str, text: str) -> tuple[Code, str]:
    if name == "NotFound":
        return Code.NOT_FOUND, f"there is no task {text}, or you may not see it"
    if name == "NotAllowed":
        return Code.NOT_ALLOWED, f"you may not do that to this task: {text}"
    return Code.CONFLICT, text


def _of_database(text: str) -> tuple[Code | None, str]:
    """What the database's driver says; None as the code where it speaks of our own mistake."""
    said = text.splitlines()[0] if text else "no answer"
    if "no such table" in text or "no such column" in text:
        return Code.WRONG_INPUT, f"the database has an older form ({said}); run: orgo database migrate"
    if "locked" in text:
        return Code.LATER, "the database is busy; try again in a moment"
    if "not a database" in text or "malformed" in text:
        return Code.IO, f"{_database()} is no database, or a damaged one ({said}); restore a backup"
    if any(words in text for words in ("unable to open", "readonly", "disk", "full")):
        return Code.IO, f"{_database()} can't be used: {said}"
    if any(words in text for words in ("connect", "resolve", "server", "timeout", "timed out", "no answer")):
        return Code.UNREACHABLE, f"{_database()} can't be reached: {said}"
    return None, ""


def _database() -> str:
    """Where the database is, as far as that is known."""
    boot = sys.modules.get("orgo.conf.boot")
    config = getattr(boot, "_current", None)
    return f"the database {config.sqlite_file or config.database}" if config else "the database"


def _defect(error: Exception, argv: Sequence[str]) -> int:
    """A mistake of ours: the traceback goes to a file, a number to the person."""
    from orgo.cli import report

    number, where = report.write(error, argv)
    words = f"this is a defect of Orgo ({type(error).__name__}), report {number}: {where}"
    return _say(Code.DEFECT, [Problem(words)], argv)


def _quiet() -> int:
    """Who reads our output has had enough (`orgo ... | head`): no word, and none at the interpreter's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Code.DONE
