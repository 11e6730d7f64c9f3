"""`orgo mailbox ..`: the mailboxes that mail is fetched from."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.numbers import Day, Whole
from orgo.cli.output import as_json_option, fact, is_terminal, line, say, table, when
from orgo.lib import clock
from orgo.lib.problems import BadInput, Problem, nearest
from orgo.lib.text import counted

if TYPE_CHECKING:
    from orgo.conf import Config
    from orgo.conf.config import Mailbox
    from orgo.intake.mailbox.ports import MailboxError

name_argument = click.argument("name")
any_name = click.argument("name", required=False)
FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)
_CODES = {
    "auth_failed": Code.NOT_ALLOWED,
    "unreachable": Code.UNREACHABLE,
    "certificate": Code.UNREACHABLE,
    "tls": Code.UNREACHABLE,
    "no_room": Code.LATER,
}


@click.group(cls=Group, epilog="Example: orgo mailbox list")
def mailbox() -> None:
    """The mailboxes that mail is fetched from: observed first, then live."""


def _account(config: "Config", name: str) -> "Mailbox":
    """The configured mailbox of this name."""
    found = next((account for account in config.accounts if account.name == name), None)
    if found is None:
        names = [account.name for account in config.accounts]
        near = nearest(name, names)
        hint = (
            f"did you mean {near}?"
            if near
            else f"there are: {', '.join(names)}"
            if names
            else "orgo mailbox add"
        )
        raise Stop(Code.NOT_FOUND, Problem(f"no mailbox {name}", hint=hint))
    return found


def _accounts(config: "Config", name: str | None) -> "Sequence[Mailbox]":
    if name is not None:
        return [_account(config, name)]
    if not config.accounts:
        raise Stop(
            Code.NOT_FOUND,
            Problem("no mailbox is configured", hint="orgo mailbox add, or imap: in config.yaml"),
        )
    return config.accounts


@contextmanager
def _said(account: "Mailbox") -> "Iterator[None]":
    """What the server does wrong is a line with its exit code."""
    from orgo.intake.mailbox.ports import MailboxError

    try:
        yield
    except MailboxError as error:
        server = f"{account.host}:{account.port}"
        name = account.name if server in str(error) else f"{account.name} ({server})"
        raise Stop(_code(error), Problem(f"{name}: {error}", key="mailboxes")) from None


def _code(error: "MailboxError") -> Code:
    return _CODES.get(error.state, Code.WRONG_INPUT if error.state == "folder" else Code.FAILED)


@mailbox.command("list", epilog="Example: orgo mailbox list --json")
@as_json_option
def list_(as_json: bool) -> None:
    """Every mailbox: its mode, how it is, its last mail."""
    config = enter()
    from orgo.intake.mailbox.queries import standings

    rows = standings(config.accounts)
    if as_json:
        for row in rows:
            line(row)
        return
    heads = ["MAILBOX", "SERVER", "MODE", "STATE", "LAST MAIL", "LAG", "WAITING", "LEFT THERE", "DETAIL"]
    table(
        heads,
        (
            [
                row.name,
                row.server,
                row.mode,
                _state(row),
                when(row.last_mail_at),
                _lag(row),
                row.waiting,
                row.left,
                _detail(row),
            ]
            for row in rows
        ),
    )


def _state(row: Any) -> str:
    return "paused" if row.paused else row.state or "not tried yet"


def _lag(row: Any) -> str:
    return "" if row.lag_seconds is None else f"{row.lag_seconds} s"


def _detail(row: Any) -> str:
    again = f"; tried again at {when(row.next_try_at)}" if row.next_try_at else ""
    return "; ".join([*([row.detail + again] if row.detail else []), *row.problems])


@mailbox.command(epilog="Example: orgo mailbox test info@organization.com --send")
@any_name
@click.option("--send", is_flag=True, help="Send a probe mail by smtp: too, and see that it arrives.")
@click.option("--within", type=Whole(1, 3600), default=60, help="How many seconds it may take (60).")
@as_json_option
def test(name: str | None, send: bool, within: int, as_json: bool) -> None:
    """Sign in, open the folders read-only, count their mails; nothing is taken or marked."""
    config = enter()
    accounts = _accounts(config, name)
    if send:
        _manager(None)
    if send and config.smtp is None:
        raise BadInput(Problem("is needed to send a probe mail", key="smtp", file=str(config.file or "")))
    for account in accounts:
        _test(account, as_json)
        if send:
            _probe(account, config, within, as_json)


def _probe(account: "Mailbox", config: "Config", within: int, as_json: bool) -> None:
    """Send a probe mail, and say where it arrived and how soon."""
    from orgo.delivery.ports import DeliveryError
    from orgo.ops.probe_mail import fly

    try:
        with _said(account):
            sent, found = fly(account, config, within)
    except DeliveryError as error:
        words = f"the probe mail to {account.name} could not be sent: {error}"
        raise Stop(Code.FAILED, Problem(words, key="smtp")) from None
    if found is None:
        words = f"{account.name}: the mail server took the probe mail ({sent}), and it did not arrive within {within} s"
        hint = "see whether it is in a junk folder, or was sent to an address with a plus tag that the server does not know"
        raise Stop(Code.FAILED, Problem(words, hint=hint))
    if as_json:
        line({"mailbox": account.name, "sent": sent, "arrived_in": found.folder, "seconds": found.seconds})
    else:
        place = f"in {found.folder}" if found.folder else "and the running Orgo took it"
        click.echo(
            f"{account.name}: a probe mail was sent ({sent}) and arrived {place} after {found.seconds} s"
        )


def _test(account: "Mailbox", as_json: bool) -> None:
    from orgo.intake.mailbox.queries import try_out

    with _said(account):
        found = try_out(account)
    for folder in found:
        if as_json:
            line(
                {
                    "mailbox": account.name,
                    "folder": folder.folder,
                    "mails": folder.mails,
                    "read_only": folder.read_only,
                }
            )
        else:
            cannot = f"; mails can't be marked: {folder.read_only}" if folder.read_only else ""
            click.echo(
                f"{account.name}: signed in; {folder.folder} has {counted(folder.mails, 'mail')}{cannot}"
            )


@mailbox.command(epilog="Example: orgo mailbox preview info@organization.com")
@any_name
@click.option("--most", type=Whole(1, 10_000), default=50, help="The newest so many (50).")
@as_json_option
def preview(name: str | None, most: int, as_json: bool) -> None:
    """What the observed mails would become: where each would go and why. Nobody was told of them."""
    config = enter()
    need(acting(None), "see_mail", "see mail")
    from orgo.intake.mailbox.queries import foreseen, observed

    for account in _accounts(config, name):
        rows = observed(account.name, most)
        if not rows and not as_json:
            click.echo(_nothing_yet(account.name))
            continue
        if as_json:
            for row in rows:
                line(_as_object(row))
            continue
        table(
            ["CAME", "FROM", "SUBJECT", "WOULD BE"],
            (
                [when(row.arrived_at or row.received_at), row.from_address, row.subject, row.reason]
                for row in rows
            ),
        )
        for words, count in foreseen(account.name).items():
            fact(f"{count:>6}", words, 6)


def _nothing_yet(name: str) -> str:
    from orgo.intake.mailbox.queries import was_read

    if was_read(name):
        return f"{name}: nothing observed"
    return f"{name}: nothing observed yet, for nobody has looked into it; does Orgo run? Try: orgo mailbox fetch {name}"


def _as_object(row: Any) -> dict[str, Any]:
    at = row.arrived_at or row.received_at
    return {
        "mailbox": row.mailbox, "number": row.pk, "received_at": at.isoformat(), "from": row.from_address,
        "subject": row.subject, "would_be": row.reason, "decision": row.decision,
    }  # fmt: skip


@mailbox.command("go-live", epilog="Example: orgo mailbox go-live info@organization.com --since 2026-11-01")
@name_argument
@click.option(
    "--since",
    type=Day(or_minute=True),
    help="Mail from this day on becomes work (default: from now on); what is older is history.",
)
@as_option
@as_json_option
def go_live(name: str, since: datetime | None, actor: str | None, as_json: bool) -> None:
    """End observing: mail makes tasks, people are told. What is older than --since stays searchable history."""
    config = enter()
    account, by = _account(config, name), _manager(actor)
    at = since.replace(tzinfo=ZoneInfo(config.organization.zone)) if since else clock.now()
    from orgo.intake.mailbox.actions import start_work
    from orgo.intake.mailbox.queries import was_read

    work = start_work(account.name, at, by)
    if as_json:
        line({"mailbox": account.name, "mode": "live", "since": at.isoformat(), "work": work})
    else:
        click.echo(
            f"{account.name} is live: mail since {when(at)} makes tasks; "
            f"{counted(work, 'observed mail')} {'becomes' if work == 1 else 'become'} work"
        )
        if not was_read(account.name):
            click.echo(
                "nothing of it was looked at yet, so nobody has seen what will become of its mail; "
                f"to only look: orgo mailbox observe {account.name}",
                err=True,
            )


def _manager(actor: str | None) -> str:
    user = acting(actor)
    need(user, "manage_mail", "change a mailbox")
    return user.address


@mailbox.command(epilog="Example: orgo mailbox observe info@organization.com")
@name_argument
@as_option
def observe(name: str, actor: str | None) -> None:
    """Only look from now on: mail is stored, routed and explained, and nobody is told."""
    account, by = _account(enter(), name), _manager(actor)
    from orgo.intake.mailbox.actions import only_look

    only_look(account.name, by)
    click.echo(f"{account.name} is only observed")


@mailbox.command(epilog="Example: orgo mailbox pause info@organization.com")
@name_argument
@as_option
def pause(name: str, actor: str | None) -> None:
    """Leave a mailbox alone until `resume`."""
    _set_paused(name, True, actor)


@mailbox.command(epilog="Example: orgo mailbox resume info@organization.com")
@name_argument
@as_option
def resume(name: str, actor: str | None) -> None:
    """Go on with a mailbox, and try it at once."""
    _set_paused(name, False, actor)


def _set_paused(name: str, paused: bool, actor: str | None) -> None:
    account, by = _account(enter(), name), _manager(actor)
    from orgo.intake.mailbox.actions import set_paused

    set_paused(account.name, paused, by)
    click.echo(f"{account.name} is {'paused' if paused else 'fetched again'}")


@mailbox.command(epilog="Example: orgo mailbox fetch")
@any_name
@click.option(
    "--broken", is_flag=True, help="Mails too that were put aside because they ended every connection."
)
@as_json_option
def fetch(name: str | None, broken: bool, as_json: bool) -> int:
    """Look through mailboxes once, now, whether Orgo runs or not. The running Orgo decides what was taken."""
    config = enter()
    _manager(None)
    from orgo.intake.mailbox.ports import MailboxError
    from orgo.intake.mailbox.watch import Watcher

    code = Code.DONE
    accounts = _accounts(config, name)
    for account in accounts:
        try:
            taken = Watcher(account).fetch(broken=broken)
        except MailboxError as error:
            say(f"{account.name} ({account.host}:{account.port}): {error}")
            code = Code.PARTLY if len(accounts) > 1 else _code(error)
            continue
        if as_json:
            line({"mailbox": account.name, "taken": taken})
        else:
            click.echo(f"{account.name}: {counted(taken, 'new mail')}")
    return code


@mailbox.command(
    epilog="Example: orgo mailbox add --host imap.organization.com --username info@organization.com"
)
@click.option("--host", help="The server.")
@click.option("--username", help="The account, as the server wants it.")
@click.option("--protocol", type=click.Choice(["imap", "pop3"]), help="The port decides where not given.")
@click.option("--port", type=Whole(1, 65535), help="The port: 993 is IMAP with TLS, 995 POP3 with TLS.")
@click.option(
    "--tls",
    type=click.Choice(["implicit", "starttls", "none"]),
    help="The port decides where not given; none on this machine only.",
)
@click.option("--ca-file", type=FILE, help="Certificates of an internal authority (PEM).")
@click.option("--name", help="What the mailbox is called (its username).")
@click.option("--address", help="Its mail address, where the username is none.")
@click.option("--folder", "folders", multiple=True, help="A folder to fetch (INBOX); give it once for each.")
@click.option(
    "--after",
    type=click.Choice(["keep", "flag", "move", "delete"]),
    help="What becomes of a mail once it is stored.",
)
@click.option("--team", help="The team that gets what no rule routes.")
@click.option(
    "--password-env",
    metavar="NAME",
    help="The environment variable that holds the password; else it is asked for, or the first line of standard input.",
)
@click.option(
    "--auth",
    type=click.Choice(["password", "xoauth2"]),
    help="How to sign in: xoauth2 for Microsoft 365 and Google (docs/operator/mailboxes.md).",
)
@click.option("--token-url", help="xoauth2: where tokens are given out.")
@click.option("--client-id", help="xoauth2: the application's name there.")
@click.option("--scope", help="xoauth2: what the token is for.")
@click.option(
    "--client-secret-env",
    metavar="NAME",
    help="xoauth2: the variable that holds the application's secret; else it is asked for as a password is.",
)
@click.option(
    "--refresh-token-env",
    metavar="NAME",
    help="xoauth2: the variable that holds the account's consent; then a secret is not asked for.",
)
@as_option
def add(actor: str | None, **given: Any) -> None:
    """Write a mailbox into config.yaml. It is observed until `go-live`; the password goes to a file of its own."""
    config = enter()
    _manager(actor)
    values: dict[str, Any] = {
        key: list(value) if key == "folders" else value for key, value in given.items() if value
    }
    for key, words in (
        ("host", "Server (such as imap.organization.com)"),
        ("username", "Account (mostly the mail address)"),
    ):
        if key not in values:
            values[key] = _asked(key, words)
    name = values.get("name", values["username"])
    if any(account.name == name for account in config.accounts):
        raise Stop(Code.CONFLICT, Problem(f"there is a mailbox {name} already", hint="give another --name"))
    from orgo.ops import mailbox_entry

    _, lines = mailbox_entry.add(config, name, *_with_secrets(config, values))
    click.echo(f"written to {config.file or 'config/config.yaml'}:\n{lines.rstrip()}")
    say(f"try it: orgo mailbox test {name}; it is observed until: orgo mailbox go-live {name}")
    say("an Orgo that runs fetches from it when it is started anew")


def _with_secrets(config: "Config", values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The keys, with what stands in a variable as a reference to it, and the secrets that were asked for."""
    from orgo.conf.config import wants_tokens
    from orgo.ops import mailbox_entry

    kind = "client_secret" if values.get("auth") == "xoauth2" else "password"
    if kind == "password" and wants_tokens(values["host"]):
        words = f"{values['host']} takes no passwords any more"
        raise BadInput(Problem(words, hint="give --auth xoauth2, as docs/operator/mailboxes.md says"))
    variables = {
        key: values.pop(f"{key}_env", None) for key in ("password", "client_secret", "refresh_token")
    }
    found = {key: f"${{{variable}}}" for key, variable in variables.items() if variable}
    is_asked = kind not in found and "refresh_token" not in found
    by_hand = {kind: f"${{ORGO_MAILBOX_{kind.upper()}}}"} if is_asked else {}
    mailbox_entry.look(config, values | found | by_hand)
    return values | found, {kind: _secret(kind)} if is_asked else {}


def _asked(key: str, words: str) -> str:
    if not is_terminal():
        raise BadInput(Problem("is needed", key=f"--{key}"))
    return str(click.prompt(words)).strip()


def _secret(kind: str) -> str:
    """A password or an application's secret: asked for on a terminal, else the first line of standard input."""
    words = {
        "password": "Password (an app password where the server has those)",
        "client_secret": "The application's secret",
    }
    if is_terminal():
        return str(click.prompt(words[kind], hide_input=True))
    found = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not found:
        option = f"--{kind.replace('_', '-')}-env"
        words_said = f"no {kind.replace('_', ' ')} came on standard input"
        raise BadInput(Problem(words_said, hint=f"write it there, or give {option} NAME"))
    return found
