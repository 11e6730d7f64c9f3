"""Any bytes become a Message, never an exception; what is odd is said in its warnings (pure)."""

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone
from email.message import Message as Part
from email.utils import parsedate_tz

from orgo.lib.text import clean_header, clean_text
from orgo.message import limits
from orgo.message.addresses import Read, read_addresses
from orgo.message.bounce import bounce_of
from orgo.message.machine import language_of, machine_of
from orgo.message.model import Address, Message
from orgo.message.parts import kind_of, parse_tree, read_body
from orgo.message.words import header_text, raw_text

MOST_REFERENCES = 100
_ID = re.compile(r"<[^<>\s]{1,998}>")
_LONGEST_HEADER = 20_000
Fields = list[tuple[str, str]]


def parse(raw: bytes) -> Message:
    """Read a mail. Never raises: bytes that nobody can read are a Message with warnings, at worst with their text."""
    limit = limits.passed(raw)
    if limit is not None:
        return _summary(raw, limit)
    try:
        return _parse(_without_mbox_line(raw))
    except Exception as error:  # the promise of this function: nothing a stranger sends raises
        text = clean_text(raw[:100_000].decode("utf-8", "replace"))
        return Message(text=text, warnings=[f"it could not be read: {type(error).__name__}"])


def _without_mbox_line(raw: bytes) -> bytes:
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw


def _summary(raw: bytes, limit: str) -> Message:
    """A few headers of a mail that is too much to be read, so that a person knows what it was."""
    head = limits.head_of(raw)[:16_384]
    root = parse_tree(head.rpartition(b"\n")[0] + b"\n\n") if head else parse_tree(b"")
    fields = _fields(root)
    sender = read_addresses(_first(fields, "from")[:1000])
    return Message(
        subject=header_text(_first(fields, "subject")),
        sender=sender.addresses[0] if sender.addresses else None,
        message_id=_id(_first(fields, "message-id")),
        headers=[(name, clean_header(value)[:500]) for name, value in fields[:30]],
        warnings=[f"over a limit: {limit}"],
        limit=limit,
    )


def _fields(root: Part) -> Fields:
    """The headers as text, unfolded but with their encoded words."""
    return [(name, _header_value(value)) for name, value in root.raw_items()]


def _header_value(value: object) -> str:
    text = raw_text(str(value).encode("utf-8", "surrogateescape"))
    return re.sub(r"\r?\n(?=[ \t])", "", text) if "\n" in text else text


def _first(fields: Fields, name: str) -> str:
    return next((value for key, value in fields if key.lower() == name), "")


def _parse(raw: bytes) -> Message:
    root = parse_tree(raw)
    fields = _fields(root)
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name.lower(), []).append(value)
    warnings: list[str] = []
    body = read_body(root)
    sender = _sender(by_name, warnings)
    subject = header_text(by_name.get("subject", [""])[0])
    text, html = "\n".join(body.texts), "\n".join(body.htmls)
    machine = machine_of(by_name, subject)
    bounce = bounce_of(root, subject, by_name.get("from", [""])[0], by_name)
    references = _ids(by_name.get("references", [""])[0])
    in_reply_to = next(iter(_ids(by_name.get("in-reply-to", [""])[0])), "")
    message_id = _id(by_name.get("message-id", [""])[0])
    if len(by_name.get("content-type", [])) > 1:
        warnings.append("it has two Content-Type headers")
    return Message(
        message_id=message_id,
        sender=sender.addresses[0] if sender.addresses else None,
        trusted=_is_trusted(sender, by_name),
        from_all=sender.addresses,
        to=_addresses(by_name, "to"),
        cc=_addresses(by_name, "cc"),
        reply_to=_addresses(by_name, "reply-to"),
        subject=subject,
        date=_date(by_name.get("date", [""])[0], warnings),
        headers=[(clean_header(name), header_text(value[:_LONGEST_HEADER])) for name, value in fields],
        text=text,
        html=html,
        attachments=body.attachments,
        in_reply_to=in_reply_to,
        references=references[-MOST_REFERENCES:],
        is_auto_reply=machine.auto_reply and bounce is None,
        is_auto_generated=machine.auto_generated,
        is_bounce=bounce is not None,
        bounce=bounce,
        is_list=machine.is_list,
        list_id=machine.list_id,
        is_bulk=machine.bulk,
        is_encrypted=kind_of(root)
        in ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"),
        language=language_of(f"{subject} {text or html}"),
        auth_results=[header_text(value) for value in by_name.get("authentication-results", [])[:20]],
        received_count=len(by_name.get("received", [])),
        content_key=_content_key(message_id, by_name, subject, raw, root),
        warnings=[*warnings, *dict.fromkeys(body.warnings), *_defects(root)][:20],
    )


def _sender(by_name: dict[str, list[str]], warnings: list[str]) -> Read:
    given = by_name.get("from", [])
    read = read_addresses(given[0]) if given else Read([], True)
    if not any(address.address for address in read.addresses):
        for other in ("sender", "reply-to", "return-path"):
            second = read_addresses(by_name.get(other, [""])[0])
            if any(address.address for address in second.addresses) and not given:
                warnings.append(f"there is no From; the sender is that of {other}")
                return Read(second.addresses, True)
    if len(given) > 1:
        warnings.append("it has two From headers")
        others = [address for value in given[1:5] for address in read_addresses(value).addresses]
        return Read([*read.addresses, *others], True)
    if not given:
        warnings.append("it has no From")
    elif read.defect:
        warnings.append("its From is written in an odd way")
    elif len(read.addresses) > 1:
        warnings.append("it has more than one sender")
    return read


def _is_trusted(sender: Read, by_name: dict[str, list[str]]) -> bool:
    one = len(by_name.get("from", [])) == 1 and len(sender.addresses) == 1 and not sender.defect
    return one and "@" in sender.addresses[0].address and len(by_name.get("content-type", [])) < 2


def _addresses(by_name: dict[str, list[str]], name: str) -> list[Address]:
    return [address for value in by_name.get(name, [])[:5] for address in read_addresses(value).addresses]


def _ids(value: str) -> list[str]:
    return list(dict.fromkeys(_ID.findall(value[: _LONGEST_HEADER * 4])))


def _id(value: str) -> str:
    found = _ID.search(value[:2000])
    return found[0] if found else clean_header(value)[:255]


def _date(value: str, warnings: list[str]) -> datetime | None:
    """The Date header as an aware instant, None where it is none that can be."""
    if not value:
        warnings.append("it has no Date")
        return None
    try:
        parts = parsedate_tz(value[:200])
        if parts is not None:
            zone = timezone(timedelta(seconds=parts[9] or 0))
            return datetime(*parts[:5], min(parts[5], 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        pass
    warnings.append("its Date can't be read")
    return None


def _defects(root: Part) -> list[str]:
    names = (
        {type(defect).__name__ for part in root.walk() for defect in part.defects}
        if root.is_multipart()
        else set()
    )
    return [f"its parts are not well formed ({name})" for name in sorted(names)][:3]


def _content_key(message_id: str, by_name: dict[str, list[str]], subject: str, raw: bytes, root: Part) -> str:
    """The hash of what makes a mail the same mail by whatever way it came; "" where it has no Message-ID or Date."""
    date = by_name.get("date", [""])[0].strip()
    if not message_id or not date:
        return ""
    digest = hashlib.sha256()
    for part in (message_id, by_name.get("from", [""])[0].strip(), date, subject):
        digest.update(part.encode("utf-8", "replace") + b"\0")
    body = raw[len(limits.head_of(raw)) :].replace(b"\r\n", b"\n").strip()
    digest.update(body)
    return digest.hexdigest()
