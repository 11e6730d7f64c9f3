"""`orgo task ..`: what the page does with tasks, from a terminal; a person acts, with that person's rights."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code, Stop, plain
from orgo.cli.house import acting, as_option, enter
from orgo.cli.lazy import Group
from orgo.cli.numbers import Whole
from orgo.cli.output import as_json_option, fact, facts, line, say, table, when
from orgo.lib import clock
from orgo.lib.local import short
from orgo.lib.problems import did_you_mean

if TYPE_CHECKING:
    from orgo.cli.telling import Teller
    from orgo.task.models import Task

STATES = ("pending", "in_progress", "waiting", "completed", "cancelled", "failed")
reference_argument = click.argument("reference")


@click.group(cls=Group, epilog="Example: orgo task list --team maintenance")
def task() -> None:
    """Tasks: see them, act on them."""


def as_object(row: "Task") -> dict[str, Any]:
    """A task as JSON (DESIGN.md section 9). A sender whom the rules keep out of sight is not told."""
    return {
        "reference": row.reference,
        "title": row.title,
        "state": row.state,
        "level": row.level,
        "priority": row.priority,
        "type": row.type,
        "labels": list(row.labels),
        "team": row.team,
        "assignee": row.assignee,
        "requester": "" if row.anonymize else row.requester,
        "due_at": _time(row.due_at),
        "created_at": _time(row.opened_at),
        "updated_at": _time(row.updated_at),
        "rule": row.rule,
    }


def _time(at: Any) -> str | None:
    return at.isoformat() if at else None


@task.command("list", epilog="Example: orgo task list --team maintenance --state waiting --json")
@click.option("--all", "show_all", is_flag=True, help="Closed ones too.")
@click.option("--team", help="Of this team (name or address).")
@click.option("--state", type=click.Choice(STATES), help="In this state.")
@click.option("--label", help="With this label.")
@click.option("--search", "words", help="In whose mails, notes or title these words stand.")
@click.option("--limit", type=Whole(1), default=1000, show_default=True)
@as_option
@as_json_option
def list_(
    show_all: bool,
    team: str | None,
    state: str | None,
    label: str | None,
    words: str | None,
    limit: int,
    actor: str | None,
    as_json: bool,
) -> None:
    """The open tasks, the most urgent first; options narrow the list.

    "+2" behind a state is the level of escalation. WITH is who has the task, else its team.
    """
    config = enter()
    rows = _narrowed(acting(actor), show_all or bool(state), team, words)
    found = [row for row in rows if (not state or row.state == state) and (not label or label in row.labels)]
    wanted = found[:limit]
    if len(found) > limit:
        say(f"these are {limit:,} of {len(found):,} tasks: --limit {len(found)} shows all")
    if as_json:
        for row in wanted:
            line(as_object(row))
        return
    zone, now = config.organization.zone, clock.now()
    table(
        ("REF", "DUE", "STATE", "PRIO", "WITH", "TITLE"), (_shown(row, zone, now) for row in wanted), cut=True
    )


def _shown(row: "Task", zone: str, now: datetime) -> tuple[str, ...]:
    """A task in few words, so that its title has room on a terminal; --json has them all."""
    state = f"{row.state} +{row.level}" if row.level else row.state
    owner, _, _ = (row.assignee or row.team).partition("@")
    return (
        row.reference,
        short(row.due_at, zone, now),
        state,
        row.priority,
        owner,
        row.title or "(no subject)",
    )


def _narrowed(viewer: Any, show_all: bool, team: str | None, words: str | None) -> "Iterable[Task]":
    from orgo.people.visibility import Viewer
    from orgo.task import queries
    from orgo.task.models import OPEN

    eyes, now, most = Viewer(viewer), clock.now(), 1_000_000
    if words is not None:
        rows = queries.search(eyes, words, limit=most)
        rows = rows if show_all else [row for row in rows if row.state in OPEN]
    else:
        rows = queries.listed(eyes, "all", now, limit=most)
        rows += queries.listed(eyes, "closed", now, limit=most) if show_all else []
    address = _team_address(team) if team else None
    return [row for row in rows if address in (None, row.team)]


def _team_address(name: str) -> str:
    from orgo.people.queries import directory

    people = directory()
    found = people.named(name)
    if found is None:
        known = [word for card in people.teams.values() for word in (card.name, card.address)]
        raise Stop(Code.NOT_FOUND, f"no team {name!r}; {did_you_mean(name, known) or 'there are no teams'}")
    return found.address


@task.command(epilog="Example: orgo task show 7QK3MD")
@reference_argument
@as_option
@as_json_option
def show(reference: str, actor: str | None, as_json: bool) -> None:
    """One task: what it is, why it is here, what happens next, what happened."""
    enter()
    from orgo.cli.telling import Teller
    from orgo.flow.acting import find
    from orgo.flow.arrival import oddities, ways_of
    from orgo.flow.house import open_house
    from orgo.flow.storms import runs
    from orgo.flow.undoing import events_of
    from orgo.flow.words import what_next
    from orgo.intake.queries import mails_of
    from orgo.task.rows import state_of

    row, house = find(acting(actor), reference), open_house()
    teller, events, reasons = Teller(row, house), events_of(row.pk), _reasons(row)
    happens_next = what_next(state_of(row), house, "en").removeprefix("What happens next: ")
    ways, odd = ways_of(row), oddities(mails_of(row.pk))
    noted = list(dict.fromkeys(words for said in odd.values() for words in said))
    if as_json:
        happened = [_event(event, teller) for event in events]
        more = {"came_by": ways, "noted": noted, "why": reasons, "next": happens_next, "events": happened}
        line(as_object(row) | more)
        return
    facts(as_object(row))
    fact("came in by", [way.words for way in ways])
    fact("noted", noted)
    for words in reasons:
        fact("why here", words)
    fact("next", happens_next)
    for event, times in runs(events):
        fact(when(event.at), teller.sentence(event, times), width=23)


def _reasons(row: "Task") -> list[str]:
    """Why the rules sent it here."""
    from orgo.intake.models import Mail

    mail = Mail.objects.filter(pk=row.mail).first() if row.mail else None
    return list((mail.decision or {}).get("why", {}).get("en", [])) if mail else []


def _event(event: Any, teller: "Teller") -> dict[str, Any]:
    from orgo.cli.telling import SENDER

    by = SENDER if teller.is_unnamed(event) else event.actor.address or event.actor.kind
    return {
        "type": event.type,
        "at": _time(event.at),
        "by": teller.shown(by),
        "words": teller.sentence(event),
    }


@task.command(epilog="Example: orgo task told 7QK3MD")
@reference_argument
@as_option
@as_json_option
def told(reference: str, actor: str | None, as_json: bool) -> None:
    """Who was told what of a task, and when; with the server's own words for it."""
    enter()
    from orgo.cli.telling import Teller
    from orgo.flow.acting import find
    from orgo.flow.house import open_house
    from orgo.outbox.models import Letter

    row = find(acting(actor), reference)
    teller = Teller(row, open_house())
    letters = Letter.objects.filter(task=row.pk).order_by("id")
    if as_json:
        for letter in letters:
            line(_letter(letter, teller))
        return
    heads = ("WRITTEN", "SETTLED", "TO", "KIND", "STATE", "SUBJECT", "SERVER'S ANSWER")
    table(heads, (_told_row(letter, teller) for letter in letters))


def _told_row(letter: Any, teller: "Teller") -> tuple[object, ...]:
    from orgo.outbox.token import masked

    answer = masked(teller.hidden.without_any(letter.server_reply))
    at = when(letter.date), when(letter.settled_at)
    state = f"{letter.state}, maybe twice" if letter.repeated else letter.state
    return (*at, _to(letter, teller), letter.kind, state, teller.hidden.without_any(letter.subject), answer)


def _to(letter: Any, teller: "Teller") -> str:
    from orgo.cli.telling import SENDER

    return SENDER if teller.hidden.got(letter) else letter.recipient


def _letter(letter: Any, teller: "Teller") -> dict[str, Any]:
    from orgo.outbox.token import masked

    return {
        "letter": letter.pk,
        "to": _to(letter, teller),
        "kind": letter.kind,
        "state": letter.state,
        "subject": teller.hidden.without_any(letter.subject),
        "written_at": _time(letter.date),
        "settled_at": _time(letter.settled_at),
        "message_id": masked(letter.message_id),
        "server_reply": masked(teller.hidden.without_any(letter.server_reply)),
        "may_have_arrived_twice": letter.repeated,
    }


# ---------------------------------------------------------------- acting


def act(reference: str, action: str, actor: str | None, as_json: bool, **values: Any) -> None:
    """Do one thing to a task and show it as it is then."""
    enter()
    from orgo.flow.acting import find, perform

    user = acting(actor)
    try:
        perform(user, reference, action, **values)
    except ValueError as error:
        raise Stop(Code.WRONG_INPUT, str(error)) from error
    row = find(user, reference)
    if as_json:
        line(as_object(row))
    else:
        click.echo(plain(f"{row.reference} {row.state} {row.assignee or row.team}: {row.title}"))


@task.command("open", epilog='Example: orgo task open "Repair the lamp in room 7" --team maintenance')
@click.argument("title")
@click.option("--team", default="", help="Whose it is (name or address); triage where not given.")
@click.option("--text", default="", help="A note with all there is to know.")
@click.option(
    "--priority", type=click.Choice(["low", "normal", "high", "urgent"]), default="normal", show_default=True
)
@click.option("--label", "labels", multiple=True, help="A label; may be given several times.")
@click.option("--requester", default="", metavar="ADDRESS", help="Who waits for an answer.")
@as_option
@as_json_option
def open_(title: str, actor: str | None, as_json: bool, **values: Any) -> None:
    """Open a task that no mail began."""
    enter()
    from orgo.flow.making import open_by_hand

    user = acting(actor)
    try:
        reference = open_by_hand(user, title, **values)
    except ValueError as error:
        raise Stop(Code.WRONG_INPUT, str(error)) from error
    if as_json:
        from orgo.task.models import Task

        line(as_object(Task.objects.get(reference=reference)))
    else:
        click.echo(reference)


@task.command(epilog="Example: orgo task rebuild --check")
@click.option("--check", is_flag=True, help="Only say what is wrong; exit 1 if anything is.")
@as_json_option
def rebuild(check: bool, as_json: bool) -> int:
    """Prove that each task is what its events say; those that are not are written again."""
    import msgspec

    enter()
    from orgo.flow.rebuild import check_all
    from orgo.flow.rebuild import rebuild as write_again
    from orgo.task.models import Task

    found = list(check_all())
    for difference in found:
        if as_json:
            line(msgspec.to_builtins(difference))
        else:
            click.echo(
                f"{difference.reference} {difference.field}: row {difference.row}, events {difference.events}"
            )
    wrong = {difference.reference for difference in found}
    broken = {difference.reference for difference in found if difference.field == "events"}
    if not check:
        for row in Task.objects.filter(reference__in=wrong - broken):
            write_again(row)
    if not as_json:
        done = "differ from their events" if check else "were written again"
        click.echo(
            f"{Task.objects.count()} tasks, {len(wrong - broken)} {done}, {len(broken)} have a hole in their trail"
        )
    return Code.FAILED if broken or (check and wrong) else Code.DONE


@task.command(epilog="Example: orgo task take 7QK3MD --as anna@organization.com")
@reference_argument
@as_option
@as_json_option
def take(reference: str, actor: str | None, as_json: bool) -> None:
    """Take a task: it is yours then."""
    act(reference, "take", actor, as_json)


@task.command(epilog="Example: orgo task assign 7QK3MD anna@organization.com")
@reference_argument
@click.argument("to")
@as_option
@as_json_option
def assign(reference: str, to: str, actor: str | None, as_json: bool) -> None:
    """Give a task to somebody ("" takes it from whoever has it)."""
    act(reference, "assign", actor, as_json, to=to)


@task.command(epilog='Example: orgo task comment 7QK3MD "The plumber comes at two."')
@reference_argument
@click.argument("text")
@as_option
@as_json_option
def comment(reference: str, text: str, actor: str | None, as_json: bool) -> None:
    """Write an internal note on a task."""
    act(reference, "note", actor, as_json, text=text)


@task.command(epilog='Example: orgo task answer 7QK3MD "It is repaired, thank you."')
@reference_argument
@click.argument("text")
@as_option
@as_json_option
def answer(reference: str, text: str, actor: str | None, as_json: bool) -> None:
    """Answer the requester by mail; a task that nobody has is yours then."""
    act(reference, "answer", actor, as_json, text=text)


@task.command(epilog="Example: orgo task done 7QK3MD")
@reference_argument
@as_option
@as_json_option
def done(reference: str, actor: str | None, as_json: bool) -> None:
    """Close a task: the work is done."""
    act(reference, "done", actor, as_json)


@task.command(epilog="Example: orgo task reopen 7QK3MD")
@reference_argument
@as_option
@as_json_option
def reopen(reference: str, actor: str | None, as_json: bool) -> None:
    """Open a closed task again."""
    act(reference, "reopen", actor, as_json)
