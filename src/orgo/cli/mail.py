"""`orgo mail parse|route|send-sample`: mails in files, read and judged; `suppressed`: who gets no more letters."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, line, table, when
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted

if TYPE_CHECKING:
    from orgo.cli.reading import Reading
    from orgo.conf import Config
    from orgo.intake.readers import Item
    from orgo.message import Message
    from orgo.rules import RuleSet


@click.group(cls=Group, epilog="Example: orgo mail route config/samples/water-leak.eml")
def mail() -> None:
    """Mails in files: what Orgo reads in them and what it would do with them; and addresses that bounced."""


files_argument = click.argument("files", metavar="FILE..", nargs=-1, required=True)


@mail.command(epilog="Example: orgo mail parse --json config/samples/water-leak.eml")
@files_argument
@as_json_option
def parse(files: tuple[str, ...], as_json: bool) -> int:
    """What Orgo reads in mails: .eml files, mbox files, Maildirs, folders of them; `-` is standard input.

    The limits and the keywords are those of the home, where it has a configuration.
    """
    from orgo.cli.judging import facts_for
    from orgo.cli.reading import Reading
    from orgo.conf import load
    from orgo.message import as_json as to_json
    from orgo.ops.checking import rules_of, use_limits

    config = load()
    use_limits(config)
    reading, rules = Reading(files, as_json), rules_of(config)
    for number, (item, message) in enumerate(reading.mails()):
        keywords = rules.found_keywords(facts_for(message, len(item.data), config))
        found = {"file": item.where, **to_json(message, keywords)}
        if as_json:
            line(found)
        else:
            click.echo(("\n" if number else "") + _described(found))
    return reading.code


def _described(found: dict[str, Any]) -> str:
    """A mail for people to read."""
    from orgo.lib.text import clean_name

    rows = {
        "File": found["file"],
        "Sender": _sender(found["from"]),
        "To": ", ".join(found["to"]),
        "Cc": ", ".join(found["cc"]),
        "Subject": found["subject"],
        "Date": found["date"] or "",
        "Keywords": ", ".join(found["keywords"]),
        "Kind": ", ".join(
            name[3:].replace("_", " ") for name in ("is_auto_reply", "is_bounce", "is_list") if found[name]
        ),
        "Attachments": ", ".join(
            f"{a['filename']} ({a['content_type']}, {a['size']} bytes)" for a in found["attachments"]
        ),
        "Warnings": "; ".join(found["warnings"]),
    }
    head = "\n".join(f"{name}: {clean_name(value)}" for name, value in rows.items() if value)
    return f"{head}\n\n{found['reply_text'].strip()}"


def _sender(sender: dict[str, Any]) -> str:
    shown = (
        f"{sender['name']} <{sender['address']}>".strip() if sender["address"] else sender["name"] or "(none)"
    )
    return shown if sender["trusted"] else f"{shown} (not to be trusted)"


@mail.command(
    epilog="Examples: orgo mail route mail.eml; orgo mail route ARCHIVE --rules new.yaml --against old.yaml"
)
@files_argument
@click.option(
    "--rules", "rules_file", type=click.Path(path_type=Path), help="These rules instead of those in force."
)
@click.option("--against", type=click.Path(path_type=Path), help="Show what changes from these older rules.")
@click.option(
    "--all", "show_all", is_flag=True, help="With --against: also mails whose decision stays the same."
)
@as_json_option
def route(
    files: tuple[str, ...], rules_file: Path | None, against: Path | None, show_all: bool, as_json: bool
) -> int:
    """What Orgo would do with mails, and why; nothing is written."""
    from orgo.cli.reading import Reading
    from orgo.conf import load
    from orgo.ops.checking import rules_of, use_limits

    config = load()
    use_limits(config)
    reading = Reading(files, as_json)
    rules = rules_of(config, rules_file)
    if against is not None:
        return _compare(reading, rules, rules_of(config, against), config, (show_all, as_json))
    if show_all:
        raise click.UsageError("--all goes with --against")
    for number, mail in enumerate(reading.mails()):
        _route_one(mail, rules, config, as_json, first=number == 0)
    return reading.code


def _route_one(
    mail: "tuple[Item, Message]", rules: "RuleSet", config: "Config", as_json: bool, first: bool
) -> None:
    from orgo.cli.judging import decision_json, facts_for, routed_to
    from orgo.flow.report import block
    from orgo.message import as_json as to_json

    item, message = mail
    decision = rules.decide(facts_for(message, len(item.data), config))
    if as_json:
        found = {"file": item.where, **to_json(message, decision.keywords)}
        line({**found, "decision": decision_json(decision, config)})
    else:
        sender = message.sender.address if message.sender else ""
        shown = block(sender, message.subject, decision.keywords, routed_to(decision, config))
        click.echo(shown if first else f"\n{shown}")


def _compare(
    reading: "Reading", new: "RuleSet", old: "RuleSet", config: "Config", how: tuple[bool, bool]
) -> int:
    """Each mail that the two rule sets decide differently, and a count at the end."""
    from orgo.cli.judging import facts_for
    from orgo.rules import compare

    show_all, as_json = how
    mails = changed = 0
    for item, message in reading.mails():
        facts = facts_for(message, len(item.data), config)
        change = compare(new, old, facts)
        mails, changed = mails + 1, changed + bool(change)
        if change or show_all:
            before, after = (change.old, change.new) if change else (old.decide(facts), new.decide(facts))
            _print_change(
                item.where, message.subject, (before, after, change.fields if change else ()), config, as_json
            )
    if not as_json:
        click.echo(f"{counted(mails, 'mail')}, {changed} decided differently")
    return reading.code


def _print_change(
    where: str, subject: str, change: tuple[Any, Any, Sequence[str]], config: "Config", as_json: bool
) -> None:
    from orgo.cli.judging import decision_json, routed_to
    from orgo.lib.text import clean_name
    from orgo.rules import why

    before, after, fields = change
    if as_json:
        old, new = decision_json(before, config), decision_json(after, config)
        line(
            {
                "file": where,
                "subject": subject,
                "changed": list(fields),
                "old": old,
                "new": new,
                "why": why(after),
            }
        )
        return
    click.echo(f"{where}: {clean_name(subject)}")
    click.echo(f"    {routed_to(before, config)} -> {routed_to(after, config)}")
    others = [name for name in fields if name != "route_to"]
    for name in others:
        click.echo(f"    {name}: {_short(getattr(before, name))} -> {_short(getattr(after, name))}")
    for reason in why(after):
        click.echo(f"    {reason}")


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_short(entry) for entry in value) + "]"
    if hasattr(value, "after"):
        return f"{value.after} to {value.to or 'the supervisor'}"
    return "nothing" if value in (None, "") else str(value)


@mail.command("send-sample", epilog="Example: orgo mail send-sample config/samples/water-leak.eml")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@as_json_option
def send_sample(file: Path | None, as_json: bool) -> None:
    """Send a sample mail to the running Orgo by SMTP: the blueprint's water leak, written now, or a FILE as it is."""
    from orgo.cli.sending import send, written_at
    from orgo.conf import load
    from orgo.lib import clock
    from orgo.ops.samples import samples_folder

    is_ours = file is None
    file = file or samples_folder() / "samples" / "water-leak.eml"
    config = load()
    if not file.is_file():
        raise BadInput(Problem("no such file", file=str(file)))
    data = file.read_bytes()
    found = send(written_at(clock.now(), data) if is_ours else data, config)
    if as_json:
        line({"file": str(file), **found})
    else:
        click.echo(f"{file} was sent to {', '.join(found['to'])} by {found['server']}")


@mail.command(epilog="Example: orgo mail suppressed --lift anna@organization.com")
@click.option("--lift", metavar="ADDRESS", help="Letters may go to this address again.")
@as_option
@as_json_option
def suppressed(lift: str | None, actor: str | None, as_json: bool) -> None:
    """The addresses that get no more letters: they bounced too often."""
    enter()
    who = acting(actor)
    if lift is not None:
        need(who, "manage_mail", "lift this")
        _lift(lift.strip().lower(), who.address, as_json)
        return
    need(who, "see_outbox", "see outgoing mail")
    from orgo.outbox.suppression import suppressed as all_suppressed

    rows = [
        {"address": row.address, "since": str(row.suppressed_at), "reason": row.reason}
        for row in all_suppressed()
    ]
    if as_json:
        for row in rows:
            line(row)
        return
    table(
        ("ADDRESS", "SINCE", "REASON"), ([row["address"], when(row["since"]), row["reason"]] for row in rows)
    )


def _lift(address: str, by: str, as_json: bool) -> None:
    from orgo.outbox import suppression

    if not suppression.lift(address, by):
        raise Stop(Code.NOT_FOUND, f"letters to {address} are not held back")
    if as_json:
        line({"lifted": address})
    else:
        click.echo(f"letters to {address} go out again")
