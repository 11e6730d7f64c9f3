"""`orgo audit verify`, `new-key` and `export`: the sealed trail, read by anybody who doubts it."""

import re
from pathlib import Path

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.output import Live, as_json_option, line, say
from orgo.lib.problems import BadInput, Problem


@click.group(cls=Group, epilog="Example: orgo audit verify")
def audit() -> None:
    """The trail of all that happened: each event has a number without gaps and stands in a signed block."""


@audit.command(epilog="Example: orgo audit verify --key var/audit.pub")
@click.option(
    "--key",
    "keys",
    multiple=True,
    help="The public key that must have signed: in hex, or a file that holds it. More than one: any of them.",
)
@click.option(
    "--seal",
    "seals",
    multiple=True,
    metavar="NUMBER:HASH",
    help="A seal that was kept elsewhere, such as one that came by mail: the trail must still have it. More than one: each.",
)
@as_json_option
def verify(keys: tuple[str, ...], seals: tuple[str, ...], as_json: bool) -> int:
    """Name the first event of the whole trail that is not as it was: changed, swapped, removed or cut off (exit code 5)."""
    config = enter()
    from orgo.audit.keys import another_than_published
    from orgo.audit.verify import verify as look

    with Live() as live:
        found = look(
            config.var,
            [_public_key(key) for key in keys],
            lambda done, total: live.say(f"{done:,} of {total:,} events"),
            [_seal(given) for given in seals],
        )
    if as_json:
        line(found)
    else:
        click.echo(
            f"{found.events} events in {found.seals} seals, {found.unsealed} not sealed yet; head {found.head or 'none'}"
        )
    if not found.head_kept:
        say(
            "no head is kept here (var/audit.head): an end that was cut off would not be noticed on this machine"
        )
    if found.wrong is None:
        return _by_the_published(another_than_published(config.var), strict=not keys)
    wrong = found.wrong
    hashes = f" (expected {wrong.expected or 'nothing'}, found {wrong.found or 'nothing'})"
    raise Stop(
        Code.CONFLICT, f"number {wrong.number}: {wrong.words}{hashes if wrong.expected + wrong.found else ''}"
    )


def _by_the_published(another: str, *, strict: bool) -> Code:
    """Whole, and by the key that var/audit.pub names; who gives keys has judged by those."""
    if another and strict:
        raise Stop(Code.CONFLICT, another)
    if another:
        say(another)
    return Code.DONE


def _seal(given: str) -> tuple[int, str]:
    number, _, hash = given.strip().lower().partition(":")
    if not (re.fullmatch("[1-9][0-9]{0,17}", number, re.ASCII) and _is_hash(hash)):
        words = "not a seal: its number, a colon and its hash, 64 hexadecimal digits"
        raise BadInput(Problem(words, key="--seal"))
    return int(number), hash


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _public_key(given: str) -> str:
    file = Path(given)
    text = (file.read_text("utf-8", "replace") if file.is_file() else given).strip()
    if not _is_hash(text.lower()):
        raise BadInput(Problem("not a public key: 64 hexadecimal digits, or a file with them", key="--key"))
    return text.lower()


@audit.command("new-key", epilog="Example: orgo audit new-key")
@as_option
def new_key(actor: str | None) -> None:
    """Have another key sign from now on: where the secret of the one before is lost, or somebody else may know it."""
    config = enter()
    user = acting(actor)
    need(user, "manage_people", "give the trail another key")
    from orgo.audit.keys import PUBLIC, renew

    renewed = renew(config, user.address)
    click.echo(renewed.id)
    say(f"this public key signs from now on ({config.var / PUBLIC}); give the auditor a copy")
    if renewed.former is not None:
        say(f"the one before is kept in {renewed.former}, for the seals until now")


@audit.command(epilog="Example: orgo audit export > trail.jsonl")
@as_option
def export(actor: str | None) -> None:
    """The sealed trail as JSON lines: each event with its number and hash, each seal behind its last event."""
    enter()
    need(acting(actor), "see_audit", "read the trail")
    from orgo.audit.export import lines

    count = 0
    for entry in lines():
        line(entry)
        count += "number" in entry
    say(f"{count} events")
