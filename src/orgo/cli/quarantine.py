"""`orgo quarantine ..`: mail that could not be read; its bytes are kept until somebody decides."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code, Stop, plain
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, facts, line, table, when
from orgo.lib.text import counted

if TYPE_CHECKING:
    from orgo.intake.models import Mail

number_argument = click.argument("number", type=int)


@click.group(cls=Group, epilog="Example: orgo quarantine list")
def quarantine() -> None:
    """Mail that could not be read: look at it, read it again, put it aside."""


def entered(actor: str | None, permission: str = "see_mail") -> str:
    """The address of who acts and may do so."""
    enter()
    who = acting(actor)
    need(who, permission, "see mail" if permission == "see_mail" else "decide on quarantined mail")
    return who.address


def kept(number: int) -> "Mail":
    """The quarantined mail of this number."""
    from orgo.intake.models import Mail

    row = Mail.objects.filter(pk=number, outcome="quarantined").first()
    if row is None:
        raise Stop(Code.NOT_FOUND, f"no mail {number} is in quarantine")
    return row


def as_object(row: "Mail") -> dict[str, Any]:
    """A quarantined mail as JSON."""
    from orgo.task.models import Task

    task = Task.objects.filter(pk=row.task).values_list("reference", flat=True).first() if row.task else None
    return {
        "number": row.pk,
        "received_at": row.received_at.isoformat(),
        "from": row.from_address or row.envelope_from,
        "to": list(row.envelope_to),
        "subject": row.subject,
        "size": row.size,
        "reason": row.reason,
        "task": task,
    }


@quarantine.command("list", epilog="Example: orgo quarantine list --json")
@as_option
@as_json_option
def list_(actor: str | None, as_json: bool) -> None:
    """All mail in quarantine, the oldest first."""
    entered(actor)
    from orgo.intake.models import Mail

    rows = [as_object(row) for row in Mail.objects.filter(outcome="quarantined").order_by("id")]
    if as_json:
        for row in rows:
            line(row)
        return
    heads = ("number", "received", "from", "size", "reason", "subject")
    shown = ({**row, "received": when(row["received_at"])} for row in rows)
    table([head.upper() for head in heads], ([row[head] for head in heads] for row in shown))


@quarantine.command(epilog="Example: orgo quarantine show 4921")
@number_argument
@as_option
@as_json_option
def show(number: int, actor: str | None, as_json: bool) -> None:
    """One mail in quarantine: why it is there, and what can be read of it."""
    entered(actor)
    from orgo.intake.store import read_raw
    from orgo.lib.text import clean_text

    row = kept(number)
    begin = clean_text(read_raw(row.pk)[:2000].decode("utf-8", "replace"))
    if as_json:
        line({**as_object(row), "warnings": row.warnings, "begin": begin})
        return
    facts(as_object(row))
    click.echo("\n" + plain(begin, keep="\n\t"))


@quarantine.command(epilog="Example: orgo quarantine retry --all")
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that is in quarantine.")
@as_option
@as_json_option
def retry(numbers: tuple[int, ...], everything: bool, actor: str | None, as_json: bool) -> int:
    """Let mail be read and decided again; its triage task is closed when it can be."""
    if bool(numbers) == everything:
        raise click.UsageError("give the mails' numbers, or --all")
    by = entered(actor, "manage_mail")
    from orgo.flow import quarantine as flow
    from orgo.intake.models import Mail

    there = set(Mail.objects.filter(outcome="quarantined").values_list("pk", flat=True))
    wanted = sorted(there) if everything else [number for number in numbers if number in there]
    missing = [number for number in numbers if number not in there]
    if missing and not wanted:
        raise Stop(Code.NOT_FOUND, *(f"no mail {number} is in quarantine" for number in missing))
    flow.retry(wanted, by)
    for number in missing:
        click.echo(f"orgo: no mail {number} is in quarantine", err=True)
    if as_json:
        line({"retried": wanted, "missing": missing})
    else:
        click.echo(f"{counted(len(wanted), 'mail')} will be read again by the running Orgo")
    return Code.PARTLY if missing else Code.DONE


@quarantine.command(epilog="Example: orgo quarantine export 4921 strange.eml")
@number_argument
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@as_option
def export(number: int, file: Path, actor: str | None) -> None:
    """Write a mail's bytes, as they came, to a new file; `-` is standard output."""
    by = entered(actor)
    from orgo.audit.models import record
    from orgo.intake.store import read_raw

    row = kept(number)
    data = read_raw(row.pk)
    if str(file) == "-":
        sys.stdout.buffer.write(data)
    else:
        write_new(file, data)
        click.echo(f"{file}: {len(data)} bytes")
    record("mail.exported", actor=by, mail=row.pk)


def write_new(file: Path, data: bytes) -> None:
    """A whole file or none; one that is there stays as it is."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        half.write_bytes(data)
        os.link(half, file)
    except FileExistsError as error:
        raise Stop(Code.CONFLICT, f"{file}: is there already") from error
    finally:
        half.unlink(missing_ok=True)


@quarantine.command(epilog='Example: orgo quarantine discard 4921 --reason "spam"')
@number_argument
@click.option("--reason", required=True, help="Why; it is kept.")
@as_option
@as_json_option
def discard(number: int, reason: str, actor: str | None, as_json: bool) -> None:
    """Put a mail aside for good, with the reason; its bytes stay."""
    if not reason.strip():
        raise click.UsageError("the reason is empty")
    by = entered(actor, "manage_mail")
    from orgo.flow import quarantine as flow

    flow.discard(kept(number).pk, reason.strip(), by)
    if as_json:
        line({"discarded": number})
    else:
        click.echo(f"mail {number} is put aside")
