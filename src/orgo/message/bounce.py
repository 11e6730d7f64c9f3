"""Reports that a mail could not be delivered: RFC 3464, feedback loops (RFC 5965), and the many that follow nothing (pure)."""

import re
from collections.abc import Iterator

from orgo.message.failure import ADDRESS, STATUS, failure_of
from orgo.message.model import Bounce, BounceRecipient
from orgo.message.part import Part
from orgo.message.words import header_text

_LATER = re.compile(r"(?i)message-id:\s*(<[^<>\s]{3,300}>)")
_RETURNED = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers",
)  # fmt: skip
_STATUS_PARTS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
LONGEST = 60_000


def bounce_of(root: Part, leaves: list[Part], subject: str, text: str, *, suspect: bool) -> Bounce | None:
    """The report that a mail with these leaves is, or None. A report of success is none: nothing failed.

    `suspect`: its Subject or From has words that machines write there.
    """
    kinds = {leaf.kind for leaf in leaves}
    if "message/feedback-report" in kinds:
        return Bounce("feedback", _feedback(leaves), _original_id(leaves))
    if "message/disposition-notification" in kinds or "disposition-notification" in root.kind:
        return None
    recipients = [] if kinds.isdisjoint(_STATUS_PARTS) else _of_status_parts(leaves)
    if not recipients and is_report(root) and "final-recipient:" in text.lower():
        recipients = _of_blocks([text[:LONGEST]])  # where the parts' delimiters are lost
    if recipients:
        failed = any(recipient.action in ("failed", "delayed") for recipient in recipients)
        return Bounce("dsn", recipients, _original_id(leaves)) if failed else None
    found = failure_of(root, leaves, subject, text[:LONGEST], suspect=suspect)
    return Bounce("text", found, _original_id(leaves)) if found is not None else None


def is_report(root: Part) -> bool:
    """Whether a mail says that it is a delivery report or another of RFC 6522's."""
    return (
        root.kind == "multipart/report" or root.parameters.get("report-type", "").lower() == "delivery-status"
    )


# ---------------------------------------------------------------- RFC 3464


def _of_status_parts(leaves: list[Part]) -> list[BounceRecipient]:
    parts = (leaf for leaf in leaves if leaf.kind in _STATUS_PARTS)
    return _of_blocks([leaf.content[:LONGEST].decode("utf-8", "replace") for leaf in parts])


def _of_blocks(texts: list[str]) -> list[BounceRecipient]:
    """The recipients of all blocks of fields, each once."""
    found: dict[str, BounceRecipient] = {}
    for text in texts:
        for fields in _blocks(text):
            recipient = _recipient(fields)
            if recipient is not None:
                found.setdefault(recipient.address.lower(), recipient)
    return list(found.values())


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Groups of fields, parted by empty lines; a group is also ended by a second recipient (some leave no line out)."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            yield fields
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            if name == "final-recipient" and name in fields:
                yield fields
                fields = {}
            fields.setdefault(name, value.strip())


def _recipient(fields: dict[str, str]) -> BounceRecipient | None:
    address = _typed_address(fields.get("final-recipient", ""))
    original = _typed_address(fields.get("original-recipient", ""))
    if "." not in address.rpartition("@")[2]:  # a name within the server says nothing to the one who wrote
        address = original or address
    if not address:
        return None
    diagnostic = header_text(fields.get("diagnostic-code", ""))[:500]
    status = STATUS.search(fields.get("status", ""))
    code = _better_status(status[1] if status else "", diagnostic)
    word = fields.get("action", "").lower()
    action = next((known for known in _ACTIONS if word.startswith(known[:4])), None)
    action = action or ("delayed" if code.startswith("4") else "failed")
    return BounceRecipient(address, action, code, diagnostic)  # type: ignore[arg-type]


def _better_status(status: str, diagnostic: str) -> str:
    """The diagnostic's own code where the Status is one of those that say nothing (5.0.0)."""
    inner = STATUS.search(diagnostic)
    if inner and (not status or (status.endswith(".0.0") and inner[1][0] == status[0])):
        return inner[1]
    return status


def _typed_address(value: str) -> str:
    """The address of "rfc822; <a@b>", "<a@b>" or "a@b"."""
    text = value.partition(";")[2] if ";" in value else value
    found = ADDRESS.search(text)
    return found[1] if found else text.strip().strip("<>").strip()


# ---------------------------------------------------------------- feedback, and the mail that came back


def _feedback(leaves: list[Part]) -> list[BounceRecipient]:
    """Whom a complaint (RFC 5965) is about; its action is "failed": this address wants no more mail."""
    reports = (leaf for leaf in leaves if leaf.kind == "message/feedback-report")
    found = []
    for fields in (
        fields for leaf in reports for fields in _blocks(leaf.content[:LONGEST].decode("utf-8", "replace"))
    ):
        given = fields.get("original-rcpt-to") or fields.get("removal-recipient")
        if given:
            found.append(
                BounceRecipient(_typed_address(given), "failed", "", fields.get("feedback-type", ""))
            )
    return found


def _original_id(leaves: list[Part]) -> str:
    """The Message-ID of the mail that the report is about: in the returned mail or its headers, else in the text."""
    returned = [leaf for leaf in leaves if leaf.kind in _RETURNED]
    others = [leaf for leaf in leaves if leaf.kind in ("text/plain", "message/delivery-status")]
    for leaf in (*returned, *others):
        found = _LATER.search(leaf.content[:LONGEST].decode("utf-8", "replace"))
        if found:
            return found[1]
    return ""
