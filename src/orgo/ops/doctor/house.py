"""The files of the house: configuration, rules, templates, secrets; its disk, its backups and its scanner."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from orgo.backup import state
from orgo.conf import Config, boot
from orgo.conf import check as check_config
from orgo.conf.s3 import Away
from orgo.intake import space
from orgo.lib.local import local
from orgo.lib.problems import BadInput
from orgo.lib.text import counted
from orgo.ops.checking import check_rules, rules_of
from orgo.ops.doctor.database import is_there
from orgo.ops.doctor.finding import Finding, State
from orgo.ops.missing_rules import NONE, problem_of_missing
from orgo.ops.schema import form

_OTHERS_WRITE = stat.S_IWOTH
LITTLE_SPACE, NO_SPACE = 1_000_000_000, 100_000_000


def configuration(config: Config) -> Iterator[Finding]:
    """What is allowed in config.yaml and people.yaml but odd, or wrong only on this machine."""
    found = check_config(config)
    for problem in found:
        yield Finding("config", "fail" if problem.severity == "error" else "warn", str(problem))
    if not found:
        yield Finding("config", "ok", str(config.file or "no config.yaml, all is default"))


def rules(config: Config) -> Iterator[Finding]:
    """Whether the rules can be taken, and what is odd in them."""
    if config.rules is None:
        yield _no_rules(config)
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


def _no_rules(config: Config) -> Finding:
    """That there is no file; whether there was one only the database knows."""
    if is_there(config):
        boot.start(config)
        missing = problem_of_missing(config) if form() != "none" else None
        if missing is not None:
            return Finding("rules", "fail", missing.message, missing.hint or "")
    return Finding("rules", "warn", NONE, "write one")


def scanner(config: Config) -> Iterator[Finding]:
    """Whether the virus scanner answers, where there is one."""
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


def templates(config: Config) -> Iterator[Finding]:
    """Whether the templates of the house can be filled in."""
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


def permissions(config: Config) -> Iterator[Finding]:
    """What others on this machine may change or read although it is Orgo's alone: who writes the rules decides."""
    if os.name != "posix":
        return
    kept = (config.file, config.rules, config.people, config.files, config.files / "templates")
    for place in filter(None, kept):
        if place.exists() and place.stat().st_mode & _OTHERS_WRITE:
            yield Finding(
                "permissions", "fail", f"every user of this machine may write {place}", f"chmod o-w {place}"
            )
    held = (config.sqlite_file, config.log.folder)
    for place in filter(None, held):
        if place.exists() and _all_may_reach(place):
            todo = f"chmod o-rwx {place.parent}"
            yield Finding(
                "permissions",
                "warn",
                f"every user of this machine may read {place}, with the mail in it",
                todo,
            )
    if config.var.exists() and not os.access(config.var, os.W_OK | os.X_OK):
        yield Finding(
            "permissions", "fail", f"{config.var} can't be written", "give it to the user that Orgo runs as"
        )
    else:
        yield Finding(
            "permissions", "ok", f"{config.var if config.var.exists() else config.home} is Orgo's to write"
        )


def _all_may_reach(place: Path) -> bool:
    """Whether it is open to all, and so is each folder on the way to it."""
    ways = all(folder.stat().st_mode & stat.S_IXOTH for folder in place.resolve().parents)
    return ways and bool(place.stat().st_mode & stat.S_IROTH)


def secrets(config: Config) -> Iterator[Finding]:
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


def backup(config: Config) -> Iterator[Finding]:
    """Whether they go somewhere else than to the disk that they are of (an S3 store is asked by the next one)."""
    if config.backup is None:
        words = "none are configured: what this disk loses is lost"
        yield Finding("backup", "warn", words, "backup: in config.yaml, see docs/operator/backup.md")
        return
    folder = config.backup.folder(config.home)
    if folder is None:
        yield Finding("backup", "ok", f"backups go to {config.backup.to}")
        return
    if not folder.is_dir() and not folder.is_relative_to(config.var):
        yield Finding("backup", "fail", f"there is no folder {folder}", "is the disk mounted?")
    elif _device(folder) == _device((config.sqlite_file or config.var).parent):
        todo = "give a folder of another disk or machine, or s3://bucket/folder"
        yield Finding("backup", "warn", f"backups in {folder} lie on the same disk as what they are of", todo)
    else:
        yield Finding("backup", "ok", f"backups go to {folder}")


def last_backup(config: Config) -> Iterator[Finding]:
    """When the last one was made and sent, and whether one is overdue."""
    if config.backup is None or not is_there(config):
        return
    boot.start(config)
    found = state.summary(config)
    assert found is not None
    zone = config.organization.zone
    words = f"the last one is of {local(found['last'], zone)}" if found["last"] else "none was made yet"
    if found["overdue"]:
        why = f"; {found['reason']}" if found["reason"] else ""
        yield Finding("last backup", "fail", f"{words}, and the next is overdue{why}", "orgo backup create")
    elif found["waiting"]:
        since = local(found["away_since"], zone)
        words = f"{words}; {found['waiting']} can't leave since {since}: {found['reason']}"
        yield Finding(
            "last backup", "warn", words, "see that the store can be reached; they leave by themselves"
        )
    elif found["lost"]:
        words = f"{words}; the bytes of {counted(found['lost'], 'mail')} are lost and not in it"
        todo = "orgo backup create says which; bring their blobs back from a copy of the place of blobs:"
        yield Finding("last backup", "warn", words, todo)
    else:
        yield Finding("last backup", "ok", words)
    yield from _of_another_key(config)


def _of_another_key(config: Config) -> Iterator[Finding]:
    from orgo.backup.making import strangers, words_of_strangers

    try:
        found = strangers(config)
    except (Away, BadInput, OSError):  # said by `config`, or when the next one can't leave
        return
    if found:
        todo = "give the key that they were made with, or keep it beside them"
        yield Finding("last backup", "warn", words_of_strangers(found), todo)


def _device(place: Path) -> int:
    """The disk that a folder lies on, or will."""
    while not place.exists():
        place = place.parent
    return place.stat().st_dev


def disk(config: Config) -> Iterator[Finding]:
    """How much room is left."""
    place = space.tightest(config)
    free = shutil.disk_usage(place).free
    words = f"{free / 1e9:.1f} GB free at {place}"
    if free < NO_SPACE or space.lacking(config):
        yield Finding("disk", "fail", words, "make room: mail is refused without it")
    elif free < LITTLE_SPACE:
        yield Finding("disk", "warn", words, "make room")
    else:
        yield Finding("disk", "ok", words)
