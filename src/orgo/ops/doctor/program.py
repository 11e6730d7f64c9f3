"""This program and its libraries."""

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

import orgo
from orgo.conf import boot
from orgo.lib import clock
from orgo.ops.doctor.finding import Finding


def versions() -> Iterator[Finding]:
    """What an operator is asked for first."""
    python = ".".join(map(str, sys.version_info[:3]))
    words = (
        f"Orgo {orgo.__version__}, Python {python}, Django {metadata.version('django')}, {platform.system()}"
    )
    yield Finding("versions", "ok", words)


def header_injection() -> Iterator[Finding]:
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


def parser() -> Iterator[Finding]:
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


def sqlite() -> Iterator[Finding]:
    """Whether SQLite can be trusted with a write-ahead log."""
    boot.use_own_sqlite()
    import sqlite3

    if boot.wal_is_safe():
        yield Finding("sqlite", "ok", sqlite3.sqlite_version)
    else:
        words = (
            f"{sqlite3.sqlite_version} may lose data in WAL mode, so Orgo uses the slower rollback journal"
        )
        yield Finding("sqlite", "warn", words, "install pysqlite3, or SQLite 3.51.3")
