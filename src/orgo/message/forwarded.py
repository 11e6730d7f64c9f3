"""Who wrote a mail that somebody passed on: From above its text, where mail programs put it, or of the mail attached (pure)."""

import re
from collections.abc import Sequence

from orgo.message.addresses import read_addresses, read_sender
from orgo.message.model import Address
from orgo.message.part import Part
from orgo.message.phrases import phrases

_SUBJECT = re.compile(r"(?i)\s*(?:\[[^\]]{1,40}\]\s*)?(?:fwd?|fw|wg|tr|rv|enc|doorst|i)\s?:")
_FROM = re.compile(r"(?i)(?:from|de|von|da|van|fr[åa]n|fra|od|от)\s?:")
_BARE = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.-]{3,250}")
_FIELDS_ABOVE, _FIELDS_BELOW = 3, 8
_ENOUGH_FIELDS = 3
_SEEN = 400


def forwarded_from(subject: str, text: str) -> Address | None:
    """The first sender of the mail that `text` passes on, where the subject says that it does; None where it is not sure.

    Sure is: From, and two more of Sent, To, Subject .. in the lines about it, with exactly one address.
    """
    if not _SUBJECT.match(subject):
        return None
    lines = [line.strip(" \t\u00a0>*_") for line in text.split("\n")[:_SEEN]]
    for number, line in enumerate(lines):
        if _FROM.match(line) and _is_head(lines[max(0, number - _FIELDS_ABOVE) : number + _FIELDS_BELOW]):
            return _address(line.partition(":")[2].strip(" *"))
    return None


def attached_sender(subject: str, text: str, leaves: Sequence[Part]) -> Address | None:
    """The sender of the one mail that is attached to this, where it is passed on: the subject says so, or there is no text.

    None where it is not sure: several mails are attached, or it has not exactly one sender.
    """
    mails = [leaf.children[0] for leaf in leaves if leaf.kind == "message/rfc822" and leaf.children]
    if len(mails) != 1 or (text.strip() and not _SUBJECT.match(subject)):
        return None
    given = mails[0].headers.get("from", [])
    read = read_sender(given[0]) if len(given) == 1 else None
    if read is None or read.defect or len(read.addresses) != 1 or "@" not in read.addresses[0].address:
        return None
    return Address(read.addresses[0].name, read.addresses[0].address.lower())


def _is_head(lines: list[str]) -> bool:
    found = (phrases("reply", "field").match(line) for line in lines)
    return len({match[1].lower() for match in found if match}) >= _ENOUGH_FIELDS


def _address(value: str) -> Address | None:
    """The one address of "Clara <c@x>", "c@x", "Clara [mailto:c@x]"."""
    plain = value.replace("[mailto:", "<").replace("(mailto:", "<").replace("<mailto:", "<")
    plain = plain.replace("]", ">").rstrip(" ;")
    found = set(_BARE.findall(plain))
    if len(found) != 1:
        return None
    read = read_addresses(plain).addresses
    if len(read) == 1 and read[0].address in found:
        return Address(read[0].name, read[0].address.lower())
    return Address("", found.pop().lower())
