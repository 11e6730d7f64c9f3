"""`orgo doctor`: everything that Orgo needs, looked at one by one; nothing is changed."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from orgo.conf import Config, boot, load
from orgo.conf import check as check_config
from orgo.conf.machine import network_of
from orgo.lib import clock
from orgo.lib.problems import BadInput
from orgo.ops import probe
from orgo.ops.checking import check_rules, rules_of

State = Literal["ok", "warn", "fail"]
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000
LARGE_DATABASE = 500_000_000


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and what to do where it is not well."""

    name: str
    state: State
    words: str
    todo: str = ""


def examine() -> Iterator[Finding]:
    """All findings, one after the other; a check that breaks is a finding itself."""
    yield from _safely("python", _python)
    yield from _safely("mail headers", _header_injection)
    yield from _safely("parser", _parser)
    yield from _safely("sqlite", _sqlite)
    try:
        config = load()
    except BadInput as error:
        for problem in error.problems:
            yield Finding("config", "fail", str(problem), "orgo config check")
        return
    for name, look in _OF_CONFIG.items():
        yield from _safely(name, lambda look=look: look(config))  # type: ignore[misc]


def _safely(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        yield Finding(name, "fail", f"{type(error).__name__}: {error}")


# ---------------------------------------------------------------- this program and its libraries


def _python() -> Iterator[Finding]:
    yield Finding("python", "ok", ".".join(map(str, sys.version_info[:3])))


def _header_injection() -> Iterator[Finding]:
    """Whether a stranger's subject could become a header of our letters (design/reliability.md M6)."""
    from orgo.delivery.email.mime import build
    from orgo.delivery.ports import Parcel

    subject = "=?utf-8?q?x=0d=0aBcc:_evil@x.example?=\r\nBcc: evil@x.example"
    parcel = Parcel("a@b.example", "o@b.example", "<doctor@b.example>", clock.now(), subject, "text", "", {})
    head = build(parcel, "o@b.example", "Orgo").partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    if b"bcc" in names:
        yield Finding("mail headers", "fail", "a subject can become a header", "do not send; report this")
    else:
        yield Finding("mail headers", "ok", "a stranger's subject stays a subject")


def _parser() -> Iterator[Finding]:
    """Whether the parser's own process can be started and reads a mail."""
    from orgo.message.pool import ParseFailure, ParserPool

    pool = ParserPool()
    try:
        (found,) = pool.parse([b"Subject: doctor\r\n\r\nHow are you?\r\n"])
    finally:
        pool.close()
    if isinstance(found, ParseFailure) or found.subject != "doctor":
        yield Finding("parser", "fail", "the process that reads mail does not work", "look at memory limits")
    else:
        yield Finding("parser", "ok", "the process that reads mail works")


def _sqlite() -> Iterator[Finding]:
    boot.use_own_sqlite()
    import sqlite3

    if boot.wal_is_safe():
        yield Finding("sqlite", "ok", sqlite3.sqlite_version)
    else:
        words = (
            f"{sqlite3.sqlite_version} may lose data in WAL mode, so Orgo uses the slower rollback journal"
        )
        yield Finding("sqlite", "warn", words, "install pysqlite3, or SQLite 3.51.3")


# ---------------------------------------------------------------- the configuration and what it names


def _config(config: Config) -> Iterator[Finding]:
    found = check_config(config)
    for problem in found:
        yield Finding("config", "fail" if problem.severity == "error" else "warn", str(problem))
    if not found:
        yield Finding("config", "ok", str(config.file or "no config.yaml, all is default"))


def _rules(config: Config) -> Iterator[Finding]:
    if config.rules is None:
        yield Finding("rules", "warn", "there is no rules.yaml: all mail goes to triage", "write one")
        return
    try:
        found = check_rules(config)
    except BadInput as error:
        found = list(error.problems)
    for problem in found:
        state: State = "fail" if problem.severity == "error" else "warn"
        yield Finding("rules", state, str(problem), "orgo rules check")
    if not found:
        yield Finding("rules", "ok", f"{len(rules_of(config).rules)} rules")


def _scanner(config: Config) -> Iterator[Finding]:
    from orgo.intake.scanner import ScannerDown
    from orgo.ops.up import scanner_of

    scanner = scanner_of(config)
    if scanner is None:
        return
    try:
        scanner.answers()
    except ScannerDown as error:
        yield Finding(
            "scanner", "fail", str(error), "start clamd, or take scanner: out; until then mail waits"
        )
    else:
        yield Finding("scanner", "ok", f"clamd answers at {scanner}")


def _templates(config: Config) -> Iterator[Finding]:
    from orgo.outbox.compose import check_own

    folder = config.files / "templates"
    files = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    problems = [
        problem for file in files for problem in check_own(file.read_text("utf-8"), f"templates/{file.name}")
    ]
    for problem in problems:
        yield Finding("templates", "fail", str(problem), "mend the template")
    if not problems:
        yield Finding("templates", "ok", f"{len(files)} of one's own")


def _database(config: Config) -> Iterator[Finding]:
    file = config.sqlite_file
    if file is not None and not file.exists():
        yield Finding("database", "fail", f"{file} is not there", "orgo init")
        return
    boot.start(config)
    from orgo.ops.schema import form

    found = form()
    todo = {"none": "orgo init", "older": "orgo database migrate", "newer": "upgrade Orgo"}.get(found, "")
    if todo:
        yield Finding("database", "fail", f"its form is {found}", todo)
        return
    if found == "expanded":
        yield Finding("database", "ok", "a newer Orgo prepared it; this one works on beside it")
    yield from _integrity(file)


def _integrity(file: Path | None) -> Iterator[Finding]:
    from django.db import connection

    if file is None:
        yield from _server()
        return
    pragma = "quick_check" if file.stat().st_size > LARGE_DATABASE else "integrity_check"
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


def _server() -> Iterator[Finding]:
    """A PostgreSQL server: its version, and whether it takes writes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('transaction_read_only')")
        version, read_only = cursor.fetchone()
    if read_only == "on":
        yield Finding("database", "fail", f"PostgreSQL {version} takes no writes", "connect to the primary")
    else:
        yield Finding("database", "ok", f"PostgreSQL {version}")


def _secret(config: Config) -> Iterator[Finding]:
    """Files that hold secrets are for their owner alone."""
    open_ones = [file for file in _secret_files(config) if os.name == "posix" and _others_may_read(file)]
    for file in open_ones:
        yield Finding("secrets", "fail", f"others may read {file}", f"chmod 600 {file}")
    if not open_ones:
        yield Finding("secrets", "ok", "no file with a secret can be read by others")


def _secret_files(config: Config) -> Iterator[Path]:
    """The key of sessions and tokens, and the files that the configuration names by `file:`."""
    if config.web.secret_key is None:
        yield config.var / "secret.key"
    folder = config.file.parent if config.file else config.home
    for source in config.sources.values():
        named = source.partition("(file ")[2].rpartition(")")[0]
        if named:
            yield folder / Path(named).expanduser()


def _others_may_read(file: Path) -> bool:
    return file.is_file() and bool(file.stat().st_mode & 0o077)


def _backup(config: Config) -> Iterator[Finding]:
    """Whether they go somewhere else than to the disk that they are of (an S3 store is asked by the next one)."""
    folder = config.backup.folder(config.home) if config.backup else None
    if folder is None:
        return
    if not folder.is_dir() and not folder.is_relative_to(config.var):
        yield Finding("backup", "fail", f"there is no folder {folder}", "is the disk mounted?")
    elif _device(folder) == _device((config.sqlite_file or config.var).parent):
        todo = "give a folder of another disk or machine, or s3://bucket/folder"
        yield Finding("backup", "warn", f"backups in {folder} lie on the same disk as what they are of", todo)
    else:
        yield Finding("backup", "ok", f"backups go to {folder}")


def _device(place: Path) -> int:
    """The disk that a folder lies on, or will."""
    while not place.exists():
        place = place.parent
    return place.stat().st_dev


def _disk(config: Config) -> Iterator[Finding]:
    place = config.var if config.var.exists() else config.home
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    if free < NO_SPACE:
        yield Finding("disk", "fail", words, "make room: mail is refused without it")
    elif free < LITTLE_SPACE:
        yield Finding("disk", "warn", words, "make room")
    else:
        yield Finding("disk", "ok", words)


def _clock(config: Config) -> Iterator[Finding]:
    """Whether the machine's time goes behind what is in the trail already."""
    now = clock.now()
    last = _last_event() if config.sqlite_file is None or config.sqlite_file.exists() else None
    if last is not None and last > now + timedelta(minutes=1):
        yield Finding(
            "clock",
            "fail",
            f"it is {now:%Y-%m-%d %H:%M} UTC here, but events are from {last:%Y-%m-%d %H:%M}",
            "set the clock",
        )
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _last_event() -> datetime | None:
    boot.start()
    from django.db.models import Max

    from orgo.audit.models import Event

    found: datetime | None = Event.objects.aggregate(at=Max("at"))["at"]
    return found


# ---------------------------------------------------------------- servers


def _smtp(config: Config) -> Iterator[Finding]:
    if config.smtp is None:
        yield Finding("smtp", "warn", "no server is given, so letters wait", "give smtp: in config.yaml")
        return
    from orgo.delivery.email.courier import EmailCourier
    from orgo.ops.up import smtp_server

    where = f"{config.smtp.host}:{config.smtp.port}"
    courier = EmailCourier(smtp_server(config))
    try:
        wire = courier.try_out()
    except Exception as error:
        yield Finding(
            "smtp",
            "fail",
            f"{where}: {type(error).__name__}: {error}",
            "mend smtp: in config.yaml, or the server",
        )
    else:
        state: State = "ok" if wire or config.smtp.tls == "none" else "warn"
        yield Finding("smtp", state, f"{where} answers, {wire or 'without TLS'}")
    finally:
        courier.close()


def _answers(config: Config) -> Iterator[Finding]:
    """Whether mail to an address with a plus tag arrives, as every answer and bounce does."""
    base = config.smtp.replies_to if config.smtp else None
    account = next((one for one in config.accounts if one.receives == base), None) if base else None
    if account is None or (config.sqlite_file is not None and not config.sqlite_file.exists()):
        return
    boot.start(config)
    from orgo.flow.canary import tried_as_answers

    tried, home = tried_as_answers(str(base))
    plus = str(base).replace("@", "+..@")
    if tried is None:
        words = f"nobody has tried whether mail to {plus} arrives, where answers and bounces come"
        yield Finding("answers", "warn", words, f"canary: {{mailbox: {account.name}}} in config.yaml")
    elif home:
        yield Finding("answers", "ok", f"a probe mail to {plus} came back")
    else:
        words = f"the probe mail to {plus} of {tried:%Y-%m-%d %H:%M} UTC is not back"
        yield Finding("answers", "fail", words, "have the server deliver plus addresses")


def _ports(config: Config) -> Iterator[Finding]:
    """Who is at Orgo's addresses: Orgo, nobody, or a program that is in the way."""
    smtp, web = config.intake.smtp, config.web
    places = [("web", web.host, web.port, probe.page)]
    places += [("intake.smtp", smtp.host, smtp.port, probe.mail_listener)] if smtp.enabled else []
    for key, host, port, look in places:
        who = look(host, port)
        words = f"{key} {host}:{port}: {_WHO[who]}"
        todo = f"stop the other program or give another {key}.port" if who == "another" else ""
        yield Finding("ports", "fail" if todo else "ok", words, todo)


_WHO = {"orgo": "Orgo answers", "nobody": "free, Orgo is not running", "another": "another program is there"}


def _queue(config: Config) -> Iterator[Finding]:
    place, up = probe.broker(config, patience=3)
    if config.queue is None:
        yield Finding("queue", "ok", "none: jobs run in the same process")
    elif up:
        yield Finding("queue", "ok", f"{place} answers")
    else:
        yield Finding("queue", "fail", f"{place} does not answer", "start the broker, or mend queue:")


_OF_CONFIG: dict[str, Callable[[Config], Iterator[Finding]]] = {
    "config": _config,
    "rules": _rules,
    "scanner": _scanner,
    "templates": _templates,
    "disk": _disk,
    "backup": _backup,
    "secrets": _secret,
    "database": _database,
    "clock": _clock,
    "smtp": _smtp,
    "answers": _answers,
    "ports": _ports,
    "queue": _queue,
}
