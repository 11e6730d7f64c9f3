"""`orgo status` and `orgo doctor`."""

import time
from typing import Any

import click

from orgo.cli.errors import Code
from orgo.cli.house import enter
from orgo.cli.output import as_json_option, is_terminal, line

PAUSE = 2.0


@click.command(epilog="Example: orgo status --watch")
@click.option("--watch", is_flag=True, help="Again and again until Ctrl-C.")
@as_json_option
def status(watch: bool, as_json: bool) -> None:
    """How Orgo is at this moment: what waits, what is late, what needs a person."""
    config = enter()
    from orgo.ops.status import snapshot

    while True:
        found = snapshot(config)
        if watch and is_terminal() and not as_json:
            click.clear()
        if as_json:
            line(found)
        else:
            click.echo(shown(found))
        if not watch:
            return
        time.sleep(PAUSE)


def shown(found: dict[str, Any]) -> str:
    """The state for people to read."""
    mail, tasks, letters = found["mail"], found["tasks"], found["letters"]
    doors = ", ".join(
        f"{name} {'answers' if up else 'does not answer'}" for name, up in found["listening"].items()
    )
    lines = [
        f"Orgo {found['version']}  {found['at'][:19]}  {doors}",
        f"mail      {mail['waiting']} waiting{_since(mail)}, {mail['quarantined']} in quarantine, {mail['total']} in all",
        f"tasks     {tasks['open']} open, {tasks['unassigned']} unassigned, {tasks['overdue']} overdue",
        f"letters   {letters['waiting']} waiting{_since(letters)}, {_left(letters)}",
    ]
    if tasks["late_timers"]:
        lines.append(
            f"clock     {tasks['late_timers']} timers are late, the oldest {tasks['oldest_timer_seconds']} s"
        )
    return "\n".join(lines)


def _left(letters: dict[str, Any]) -> str:
    return ", ".join(f"{letters[state]} {state}" for state in ("held", "failed", "ambiguous", "sent"))


def _since(part: dict[str, Any]) -> str:
    return f" (the oldest for {part['oldest_seconds']} s)" if part["waiting"] else ""


@click.command(epilog="Example: orgo doctor")
@as_json_option
def doctor(as_json: bool) -> int:
    """Look at all that Orgo needs: what is well, what is not, what to do."""
    from orgo.ops.doctor import examine

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
