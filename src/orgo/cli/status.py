"""`orgo status` and `orgo doctor`."""

from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.board import board, way_in
from orgo.cli.errors import Code, plain
from orgo.cli.house import enter
from orgo.cli.output import as_json_option, is_terminal, line, say, when
from orgo.lib.text import clean_name, counted

if TYPE_CHECKING:
    from orgo.conf import Config

PAUSE = 2.0


@click.command(epilog="Example: orgo status --watch")
@click.option("--watch", is_flag=True, help="A table with rates, again and again until Ctrl-C.")
@as_json_option
def status(watch: bool, as_json: bool) -> None:
    """How Orgo is at this moment: what waits, what is late, what needs a person."""
    config = enter()
    from orgo.ops.status import snapshot

    if watch:
        with suppress(KeyboardInterrupt):
            _watch(config, as_json)
    elif as_json:
        line(snapshot(config))
    else:
        click.echo(shown(snapshot(config)))


def _watch(config: "Config", as_json: bool) -> None:
    """A table that stands still and whose numbers move; elsewhere than on a terminal one below the other.

    A database that is away is said, and waited for.
    """
    from django.db import InterfaceError, OperationalError, connection

    from orgo.ops.status import snapshot

    before, is_away = None, False
    while True:
        try:
            found = snapshot(config)
        except (InterfaceError, OperationalError) as error:
            connection.close()  # what broke stays broken: the next look connects anew
            if not is_away:
                say(f"the database is away: {_first_line(error)}; asked again until Ctrl-C")
            is_away = True
        else:
            _show(found, before, as_json)
            before, is_away = found, False
        sleep(PAUSE)


def _first_line(error: Exception) -> str:
    return plain(str(error).partition("\n")[0])


def _show(found: dict[str, Any], before: dict[str, Any] | None, as_json: bool) -> None:
    if as_json:
        line(found)
        return
    clear = "\x1b[H\x1b[2J" if is_terminal() else "\n"
    click.echo(clear + "\n".join(board(found, before, when(found["at"], "seconds"))))


def shown(found: dict[str, Any]) -> str:
    """The state for people to read."""
    mail, tasks, letters = found["mail"], found["tasks"], found["letters"]
    doors = ", ".join(
        f"{name} {'answers' if up else 'does not answer'}" for name, up in found["listening"].items()
    )
    rows = {
        f"Orgo {found['version']}": f"{when(found['at'], 'seconds')}  {doors}",
        "mail": f"{mail['waiting']} waiting{_since(mail)}, {_counts(mail, _OUTCOMES)}, {mail['total']} in all",
        **({"mailboxes": _mailboxes(found["mailboxes"])} if found["mailboxes"] else {}),
        **({"folder": _folder(found["folder"])} if found["folder"] else {}),
        "tasks": _counts(tasks, ("open", "unassigned", "overdue")),
        "letters": f"{letters['waiting']} waiting{_since(letters)}, {_counts(letters, _STATES)}{_trouble(letters)}",
        "clock": _timers(tasks),
        "rules": _rules(found["rules"]),
        "database": _database(found["database"]),
        "queue": _queue(found["queue"]),
        "backup": _backup(found["backup"]),
        **found["troubles"],
    }
    return "\n".join(f"{name:10}  {words}" for name, words in rows.items())


SOME = 5
_OUTCOMES = ("opened", "joined", "linked", "bounce", "ignored", "history", "observed", "quarantined")
_STATES = ("held", "failed", "ambiguous", "cancelled", "sent")


def _counts(part: dict[str, Any], names: tuple[str, ...]) -> str:
    """The numbers that are not 0; a 0 for what stands first."""
    return ", ".join(f"{part[name]} {name}" for name in names if part[name] or name == names[0])


def _since(part: dict[str, Any]) -> str:
    return f" (the oldest for {part['oldest_seconds']} s)" if part["waiting"] else ""


def _mailboxes(troubled: list[dict[str, Any]]) -> str:
    """The mailboxes in trouble, each with its state and why."""
    return "; ".join(
        f"{one['name']} is {one['state']} since {when(one['since']) or 'now'}: {clean_name(one['detail'])}"
        for one in troubled
    )


def _folder(files: list[dict[str, Any]]) -> str:
    """The files that are not taken, and what to do; of those that failed some."""
    failed = [file for file in files if file["reason"] == "failed"]
    words = [_file(file) for file in files if file["reason"] != "failed"] + [*map(_file, failed[:SOME])]
    more = [f"{len(failed) - SOME} more failed (--json lists them)"] if len(failed) > SOME else []
    return "; ".join(words + more)


def _file(file: dict[str, Any]) -> str:
    name = clean_name(file["file"])
    if file["reason"] == "failed":
        return f"{name} {clean_name(file['why'])}"
    if file["reason"] == "locked":
        return f"{name} waits: another program has it open"
    tasks = f"{file['tasks']} tasks would come of it"
    return f"{name} waits: {tasks}; `orgo import` it, as history, or --as work --yes"


def _trouble(letters: dict[str, Any]) -> str:
    count, since = letters["suppressed"], letters["failing_since"]
    words = f"; {count} addresses get none (orgo mail suppressed)" if count else ""
    if letters["maybe_sent"]:
        words += (
            f"; {letters['maybe_sent']} may have left before the backup was restored (orgo backup release)"
        )
    return f"{words}; none left by mail since {when(since)}" if since else words


def _rules(rules: dict[str, Any]) -> str:
    from orgo.ops.missing_rules import NONE

    return str(rules["problem"] or ("can be read" if rules["file"] else NONE))


def _timers(tasks: dict[str, Any]) -> str:
    if tasks["late_timers"]:
        return f"{tasks['late_timers']} timers are late, the oldest {tasks['oldest_timer_seconds']} s"
    return f"the next timer is at {when(tasks['next_timer'])}" if tasks["next_timer"] else "no timer"


def _database(database: dict[str, Any]) -> str:
    size = database["bytes"]
    return f"{database['kind']} {database['place']}" + (f", {size / 1e6:.1f} MB" if size is not None else "")


def _queue(queue: dict[str, Any]) -> str:
    if queue["kind"] == "none":
        return "none: jobs run in Orgo's own process"
    return f"{queue['kind']} {queue['place']} {way_in(queue)}"


def _backup(backup: dict[str, Any] | None) -> str:
    if backup is None:
        return "none is configured (docs/operator/backup.md)"
    words = f"the last one is of {when(backup['last'])}" if backup["last"] else "none was made yet"
    words += ", overdue" if backup["overdue"] else ""
    if backup["away_since"]:
        words += f"; {backup['waiting']} waiting here since {when(backup['away_since'])}: {backup['reason']}"
    if backup["lost"]:
        which = ", ".join(map(str, backup["lost_mails"])) + (
            ", .." if backup["lost"] > len(backup["lost_mails"]) else ""
        )
        words += f"; the bytes of {counted(backup['lost'], 'mail')} are lost, and not in it: {which}"
    return f"{words}; to {backup['to']}"


@click.command(epilog="Example: orgo doctor")
@as_json_option
def doctor(as_json: bool) -> int:
    """Look at all that Orgo needs: what is well, what is not, what to do."""
    from orgo.ops.doctor.examine import examine

    failed = 0
    for finding in examine():
        failed += finding.state == "fail"
        if as_json:
            line(finding)
        else:
            click.echo(
                f"{finding.state:5} {finding.name:12} {finding.words}"
                + (f"; {finding.todo}" if finding.todo else "")
            )
    return Code.FAILED if failed else Code.DONE
