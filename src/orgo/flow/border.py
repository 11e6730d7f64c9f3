"""What our border found out about a mail's sender, by what the configuration says to believe (DESIGN.md section 6)."""

from collections.abc import Collection
from typing import TYPE_CHECKING, TypedDict

import msgspec

from orgo.conf import Config
from orgo.flow.verdict import handed_over_by, results_of_border, verdict
from orgo.message import Message
from orgo.message.trace import results

if TYPE_CHECKING:
    from orgo.intake.models import Mail


# No relay of ours stands before these doors: a mail's headers are whatever its sender wrote.
_WITHOUT_A_BORDER = ("http", "page", "folder", "import")


class Border(msgspec.Struct, frozen=True, kw_only=True):
    """Whose word is believed about one mail: the arguments of `verdict`."""

    peer: str
    authserv_id: str | None
    trusted_relays: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    fetched: bool = False


class Found(TypedDict):
    """What the border found out, as the rules have it: "" where it says nothing."""

    spf: str
    dkim: str


def border_of(mail: "Mail", message: Message, config: Config) -> Border | None:
    """The border of the door that a mail came in by: a mailbox's own, else that of the SMTP intake; None without one."""
    if mail.source in _WITHOUT_A_BORDER:
        return None
    account = config.account(mail.mailbox)
    door = account or config.intake.smtp
    return Border(
        peer=mail.peer or (handed_over_by(message.trace) if account else ""),
        authserv_id=door.authserv_id,
        trusted_relays=tuple(door.trusted_relays),
        internal=tuple(door.internal_networks),
        fetched=account is not None,
    )


def border_of_file(recipients: Collection[str], config: Config) -> Border:
    """The border of a mail in a file, taken as one that came in by the door for its recipients: nothing is done on it."""
    account = next((one for one in config.accounts if one.receives in recipients), None)
    return Border(peer="", authserv_id=(account or config.intake.smtp).authserv_id, fetched=True)


def trust(message: Message, border: Border | None) -> str:
    """The verdict on the sender; `unknown` where there is no one sender to speak of, `none` without a border."""
    if not message.trusted:
        return "unknown"
    if border is None:
        return "none"
    return verdict(
        border.peer,
        message.trace,
        authserv_id=border.authserv_id,
        trusted_relays=border.trusted_relays,
        internal=border.internal,
        fetched=border.fetched,
    )


def findings(message: Message, border: Border | None) -> Found:
    """The results of SPF and DKIM; of several signatures one that holds is enough."""
    if border is None or border.authserv_id is None or not message.trusted:
        return {"spf": "", "dkim": ""}
    texts = results_of_border(
        border.peer,
        message.trace,
        authserv_id=border.authserv_id,
        trusted_relays=border.trusted_relays,
        fetched=border.fetched,
    )
    spf, dkim = ([word for text in texts for word in results(text, method)] for method in ("spf", "dkim"))
    return {"spf": next(iter(spf), ""), "dkim": "pass" if "pass" in dkim else next(iter(dkim), "")}
