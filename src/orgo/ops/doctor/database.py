"""The database: there, of this program's form, whole, writable; and the key of the trail that lies in it."""

from collections.abc import Iterator

from orgo.conf import Config, boot
from orgo.conf.kinds import masked
from orgo.conf.machine import network_of
from orgo.lib.problems import BadInput
from orgo.ops.doctor.finding import Finding

LARGE = 500_000_000
OLDEST_POSTGRESQL = 140_000


def is_there(config: Config) -> bool:
    """Whether there is a database of this form to look into; why not, the check of the database itself says."""
    return _trouble(config) is None


def database(config: Config) -> Iterator[Finding]:
    """Whether it is there, whole and writable, and of the form that this program wants."""
    trouble = _trouble(config)
    if trouble is not None:
        yield trouble
        return
    from orgo.ops.schema import form

    if form() == "expanded":
        yield Finding("database", "ok", "a newer Orgo prepared it; this one works on beside it")
    yield from _integrity(config)


def _trouble(config: Config) -> Finding | None:
    """Why nothing can be looked up in it, and what to do."""
    file = config.sqlite_file
    if file is not None and not file.exists():  # SQLite would make it
        return Finding("database", "fail", f"{file} is not there", "orgo init")
    try:
        boot.start(config)
        from orgo.ops.schema import form

        found = form()
    except Exception as error:  # of its driver, or of Django around it
        words = masked(str(error).strip().partition("\n")[0]) or type(error).__name__
        todo = "stop Orgo and restore a backup" if file else _mended(words)
        return Finding("database", "fail", f"{masked(config.database)} can't be used: {words}", todo)
    todo = {"none": "orgo init", "older": "orgo database migrate", "newer": "upgrade Orgo"}.get(found, "")
    return Finding("database", "fail", f"its form is {found}", todo) if todo else None


def _mended(words: str) -> str:
    """What to do for a server that can't be had, by what was said of it."""
    return next(
        (todo for said, todo in _TODO.items() if said in words), "start its server, or mend database:"
    )


_TODO = {
    "password": "mend the password in database:",
    "does not exist": "mend user and name in database:, or have them made",
    "URI query": "mend what stands behind the ? in database:",
    "permission denied": "give Orgo's user the right",
}


def _integrity(config: Config) -> Iterator[Finding]:
    from django.db import connection

    file = config.sqlite_file
    if file is None:
        yield from _server(config)
        return
    pragma = "quick_check" if file.stat().st_size > LARGE else "integrity_check"
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}(5)")
        wrong = [str(row[0]) for row in cursor.fetchall() if row[0] != "ok"]
    for words in wrong:
        yield Finding("database", "fail", f"{file}: {words}", "stop Orgo and restore a backup")
    kind = network_of(file)
    if kind:
        yield Finding(
            "database", "fail", f"{file} lies on {kind}, where SQLite's locks do not hold", "use a local disk"
        )
    refused = _not_writable()
    if refused:
        yield Finding("database", "fail", f"{file} can't be written: {refused}", "give Orgo's user the right")
    if not wrong and not refused:
        words = f"{file}: can be written, {pragma.replace('_', ' ')} finds nothing"
        yield Finding("database", "ok", words)


def _not_writable() -> str:
    """Why SQLite can't write here, or "". A table is made and taken back."""
    from django.db import OperationalError, connection, transaction

    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE doctor_was_here (x integer)")
            transaction.set_rollback(True)
    except OperationalError as error:
        return "" if "locked" in str(error) else str(error)
    return ""


def _server(config: Config) -> Iterator[Finding]:
    """A PostgreSQL server: its version, whether it takes writes, and keeps what it confirmed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('transaction_read_only'),"
            " current_setting('server_version_num')::integer"
        )
        version, read_only, number = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield Finding("database", "fail", f"PostgreSQL {version} is too old", "upgrade it to 14 or later")
    elif read_only == "on":
        yield Finding("database", "fail", f"PostgreSQL {version} takes no writes", "connect to the primary")
    elif not (forgets := list(_forgets(config))):
        yield Finding("database", "ok", f"PostgreSQL {version}")
    else:
        yield from forgets


def _forgets(config: Config) -> Iterator[Finding]:
    """What the start refuses may have come since: a server takes such a setting while it runs."""
    from orgo.ops import server

    try:
        server.look_at(config)
    except BadInput as error:
        for problem in error.problems:
            yield Finding("database", "fail", problem.message, problem.hint or "")


def trail(config: Config) -> Iterator[Finding]:
    """Whether the key that seals the trail is there, the one that was published here, and opened by this machine's secret;
    and whether seals keep up."""
    if not is_there(config):
        return
    boot.start(config)
    from orgo.audit import journal
    from orgo.audit.keys import NoKey, another_than_published, newest
    from orgo.audit.models import Seal

    try:
        key = newest(config)
    except NoKey as error:
        yield Finding("trail", "fail", str(error), "then orgo audit verify")
        return
    another = another_than_published(config.var)
    if another:
        yield Finding("trail", "fail", another, "ask who replaced it, and orgo audit verify --key FORMER")
        return
    last = Seal.objects.order_by("-number").first()
    waiting = journal.waiting(last.horizon if last else 0)
    words = (
        f"sealed by key {key[:16]}.., {waiting} events wait for their seal"
        if key
        else "no key yet: the clock makes it"
    )
    yield Finding("trail", "ok", words)
