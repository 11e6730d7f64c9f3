"""Any bytes become a Message, never an exception; what is odd is said in its warnings (pure)."""

import hashlib
import re
from datetime import datetime

from orgo.lib.text import clean_header, clean_text
from orgo.message.addresses import Read, read_addresses, read_sender
from orgo.message.bounce import bounce_of
from orgo.message.dates import instant
from orgo.message.forwarded import attached_sender
from orgo.message.html import joined
from orgo.message.language import language_of
from orgo.message.limits import LimitPassed, in_words
from orgo.message.machine import is_suspect, loop_marks, machine_of
from orgo.message.mime import read, summary
from orgo.message.model import Address, Message
from orgo.message.part import Part
from orgo.message.parts import lasting, read_body
from orgo.message.spam import spam_score
from orgo.message.words import LONGEST, header_text

MOST_REFERENCES = 100
_ID = re.compile(r"<[^<>\s\0]{1,998}>")
# Which header stands in for a missing From, and what a reader is told is taken.
_OTHER_SENDERS = {
    "sender": "the address that sent it",
    "reply-to": "the address for answers",
    "return-path": "the address on its envelope",
}
_OF_SERVERS = frozenset({"received", "authentication-results"})
_MOST_HOPS = 100
_BOUNDARY = re.compile(r";\s{0,100}boundary\s{0,5}=")
_ARMOR = re.compile(r"(?m)^-----BEGIN PGP (MESSAGE|SIGNED MESSAGE)-----[ \t]*$")
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def parse(raw: bytes) -> Message:
    """Read a mail. Never raises: bytes that nobody can read are a Message with warnings, at worst with their text."""
    try:
        return _message(read(raw))
    except LimitPassed as passed:
        return _beyond(summary(raw), passed.name)
    except Exception as error:  # the promise of this function: nothing a stranger sends raises
        text = clean_text(raw[:100_000].decode("utf-8", "replace"))
        return Message(text=text, warnings=[f"it could not be read: {type(error).__name__}"])


def _beyond(root: Part, limit: str) -> Message:
    """A few headers of a mail that is too much to be read, so that a person knows what it was."""
    sender = read_addresses(root.header("from"))
    return Message(
        subject=header_text(root.header("subject")),
        sender=sender.addresses[0] if sender.addresses else None,
        message_id=_id(root.header("message-id")),
        headers=_texts(root),
        loop_marks=loop_marks(root.headers),
        spam_score=spam_score(root.headers),
        warnings=[in_words(limit)],
        limit=limit,
    )


def _message(root: Part) -> Message:
    warnings: list[str] = []
    headers = root.headers
    leaves = list(root.leaves())
    body = read_body(root, leaves)
    sender = _sender(headers, warnings)
    texts = _texts(root)
    subject = next((text for name, text in texts if name.lower() == "subject"), "")
    text, html = "\n".join(body.texts), joined(body.htmls)
    suspect = is_suspect(subject, root.header("from"))
    machine = machine_of(headers, subject, suspect=suspect)
    bounce = bounce_of(root, leaves, subject, text, suspect=suspect)
    message_id = _id(root.header("message-id"))
    date = _date(root.header("date"), warnings)
    two_ways = _two_ways(headers.get("content-type", []))
    warnings += [two_ways] if two_ways else []
    armor = _ARMOR.findall(text) if "-----BEGIN PGP" in text else []
    encrypted = _is_encrypted(root, text, armor)
    warnings += _sealed(root, leaves, armor, encrypted)
    warnings += ["it has two Message-IDs"] if len(headers.get("message-id", ())) > 1 else []
    return Message(
        message_id=message_id,
        sender=sender.addresses[0] if sender.addresses else None,
        trusted=_is_trusted(sender, headers) and not two_ways,
        from_all=sender.addresses,
        to=_addresses(headers, "to"),
        cc=_addresses(headers, "cc"),
        reply_to=_addresses(headers, "reply-to"),
        subject=subject,
        date=date,
        headers=texts,
        text=text,
        html=html,
        attachments=body.attachments,
        attached_sender=attached_sender(subject, text or html, leaves),
        in_reply_to="".join(_ids(root.header("in-reply-to"))[:1]),
        references=_ids(root.header("references"))[-MOST_REFERENCES:],
        is_auto_reply=machine.auto_reply and bounce is None,
        is_auto_generated=machine.auto_generated,
        is_bounce=bounce is not None,
        bounce=bounce,
        is_list=machine.is_list,
        list_id=machine.list_id,
        is_bulk=machine.bulk,
        loop_marks=loop_marks(headers),
        spam_score=spam_score(headers),
        is_encrypted=encrypted,
        language=language_of(subject, text, html),
        trace=_trace(root),
        received_count=len(headers.get("received", ())),
        content_key=_content_key(message_id, root, subject, leaves),
        words_key=_words_key(root, subject, leaves),
        warnings=[*warnings, *dict.fromkeys([*body.warnings, *root.all_defects()])][:20],
    )


def _is_encrypted(root: Part, text: str, armor: list[str]) -> bool:
    """Whether all of it is encrypted: by its type, or as a text that begins with OpenPGP's armor (RFC 9580 section 6.2)."""
    if root.kind in _ENCRYPTED:
        return root.parameters.get("smime-type") != "signed-data"
    return armor[:1] == ["MESSAGE"] and text.lstrip().startswith("-----BEGIN PGP")


def _sealed(root: Part, leaves: list[Part], armor: list[str], encrypted: bool) -> list[str]:
    """What is said of a mail that Orgo has no key for, whole or in part."""
    if encrypted:
        return ["it is encrypted, and Orgo has no key for it"]
    if root.kind in (*_ENCRYPTED, "multipart/signed") or "SIGNED MESSAGE" in armor:
        return ["its signature was not verified"]
    sealed = "MESSAGE" in armor or any(leaf.kind in _ENCRYPTED for leaf in leaves)
    return ["a part of it is encrypted or signed, and was not opened"] if sealed else []


def _texts(root: Part) -> list[tuple[str, str]]:
    """The headers as text; most are text already."""
    return [
        (name, value.strip())
        if value.isprintable()
        and value.isascii()
        and "=?" not in value
        and "  " not in value
        and len(value) < LONGEST
        else (name, header_text(value))
        for name, value in root.fields
    ]


def _trace(root: Part) -> list[tuple[str, str]]:
    """What servers wrote about the mail's way, undecoded: an encoded word in it is the sender's, not theirs."""
    return [(name.lower(), value) for name, value in root.fields if name.lower() in _OF_SERVERS][:_MOST_HOPS]


def _sender(headers: dict[str, list[str]], warnings: list[str]) -> Read:
    given = headers.get("from", [])
    read = read_sender(given[0]) if given else Read([], True)
    if not any(address.address for address in read.addresses):
        for other, used in _OTHER_SENDERS.items():
            second = read_addresses(headers.get(other, [""])[0])
            if any(address.address for address in second.addresses) and not given:
                warnings.append(f"it names no writer; {used} is taken")
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


def _is_trusted(sender: Read, headers: dict[str, list[str]]) -> bool:
    one = len(headers.get("from", [])) == 1 and len(sender.addresses) == 1 and not sender.defect
    return one and "@" in sender.addresses[0].address


def _two_ways(content_types: list[str]) -> str:
    """What lets two readers see two different mails in this one, "" where nothing does (design/security.md S17)."""
    if len(content_types) > 1:
        return "it has two Content-Type headers"
    header = content_types[0].lower() if content_types else ""
    twice = header.count("boundary") > 1 and len(_BOUNDARY.findall(header)) > 1
    return "its Content-Type names two boundaries" if twice else ""


def _addresses(headers: dict[str, list[str]], name: str) -> list[Address]:
    values = headers.get(name, ())
    if len(values) == 1:
        return read_addresses(values[0]).addresses
    return [address for value in values[:5] for address in read_addresses(value).addresses]


def _ids(value: str) -> list[str]:
    return list(dict.fromkeys(_ID.findall(value[: LONGEST * 4]))) if value else []


def _id(value: str) -> str:
    found = _ID.search(value[:2000])
    return found[0] if found else clean_header(value)[:255]


def _date(value: str, warnings: list[str]) -> datetime | None:
    """The Date header as an aware instant, None where it is none that can be."""
    if not value:
        warnings.append("it has no Date")
        return None
    date = instant(value)
    if date is None:
        warnings.append("its Date can't be read")
    return date


def _content_key(message_id: str, root: Part, subject: str, leaves: list[Part]) -> str:
    """The hash of what makes a mail the same mail by whatever way it came; "" where it has no Message-ID or Date."""
    date = root.header("date")
    if not message_id or not date:
        return ""
    words = "\0".join((message_id, root.header("from"), date, subject, ""))
    key = hashlib.sha256(words.encode("utf-8", "replace"))
    for part in leaves:
        key.update(lasting(part) + b"\0")
    return key.hexdigest()


def _words_key(root: Part, subject: str, leaves: list[Part]) -> str:
    """The hash of what a mail says and who says it, whenever it says it."""
    key = hashlib.sha256(f"{root.header('from')}\0{subject}\0".encode("utf-8", "replace"))
    for part in leaves:
        key.update(lasting(part) + b"\0")
    return key.hexdigest()
