"""Reports that a mail could not be delivered: RFC 3464, feedback loops (RFC 5965), and the many that follow nothing (pure)."""

import re
from email.message import Message as Part

from orgo.message.model import Bounce, BounceRecipient
from orgo.message.parts import content_of, kind_of, leaves, text_of
from orgo.message.phrases import patterns
from orgo.message.words import header_text

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)([45][0-5]\d)(?=[ \-#])")
_ADDRESS = re.compile(r"<?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)>?")
_PHRASES = patterns("bounce")
_SENDERS, _SUBJECT, _MARKS, _DELAYED = (_PHRASES[name] for name in ("sender", "subject", "words", "delayed"))
_QUOTED = re.compile(
    r"(?im)^(?:-{2,}\s*(?:original message|the body|below this line|this is a copy|unsent message|returned message"
    r"|message (?:header|text|follows)|transcript ends|the header|included is)"
    r"|-+ ?(?:below|begin|original|enclosed|headers|this is).{0,60}|received: |return-path: |>? ?message header)"
)
# Lines that name the sender or a helper, not the one who could not be reached.
_OTHERS = re.compile(
    r"(?i)\s*(?:from|sender|reply-to|date|message-id|subject|return-path|received|mail from"
    r"|x-|by|please|contact|for further|if you)\b"
)
_LATER = re.compile(r"(?i)message-id:\s*(<[^<>\s]{3,300}>)")


def bounce_of(root: Part, subject: str, sender: str, headers: dict[str, list[str]]) -> Bounce | None:
    """The report that a mail is, or None. `sender` is the From as text, `headers` are by lower name."""
    parts = leaves(root)
    kinds = {kind_of(part) for part in parts}
    if "message/feedback-report" in kinds:
        return Bounce("feedback", _feedback(parts), _original_id(parts))
    structured = _dsn(parts)
    if structured:
        return Bounce("dsn", structured, _original_id(parts))
    if "message/disposition-notification" in kinds or "disposition-notification" in _first(
        headers, "content-type"
    ):
        return None
    return _unstructured(root, parts, subject, sender, headers)


def _first(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0].lower()


# ---------------------------------------------------------------- RFC 3464


def _dsn(parts: list[Part]) -> list[BounceRecipient]:
    """The recipients of all delivery-status parts, each once."""
    found: dict[str, BounceRecipient] = {}
    for part in parts:
        if kind_of(part) not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        for block in re.split(r"\n\s*\n", _status_text(part)):
            recipient = _recipient(_fields(block))
            if recipient is not None:
                found.setdefault(recipient.address.lower(), recipient)
    return list(found.values())


def _status_text(part: Part) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [
            "\n".join(f"{name}: {value}" for name, value in child.items())
            for child in payload
            if isinstance(child, Part)
        ]
        blocks += [
            str(child.get_payload())
            for child in payload
            if isinstance(child, Part) and not child.is_multipart()
        ]
        return "\n\n".join(blocks)
    data, _ = content_of(part)
    return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line[:1] in " \t" and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields.setdefault(name, value.strip())
    return fields


_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")


def _recipient(fields: dict[str, str]) -> BounceRecipient | None:
    given = fields.get("original-recipient", ""), fields.get("final-recipient", "")
    if not any(given):
        return None
    final = _typed_address(given[1]) or _typed_address(given[0])
    diagnostic = header_text(fields.get("diagnostic-code", ""))[:500]
    status = _STATUS.search(fields.get("status", "")) or _STATUS.search(diagnostic)
    code = _better_status(status[1] if status else "", diagnostic)
    word = fields.get("action", "").split()[0].strip(";,").lower() if fields.get("action", "").split() else ""
    action = next(
        (known for known in _ACTIONS if word.startswith(known[:4])),
        "delayed" if code.startswith("4") else "failed",
    )
    return BounceRecipient(final, action, code, diagnostic) if final else None  # type: ignore[arg-type]


def _better_status(status: str, diagnostic: str) -> str:
    """The diagnostic's own code where the Status is one of those that say nothing (5.0.0)."""
    inner = _STATUS.search(diagnostic)
    if inner and (not status or (status.endswith(".0.0") and inner[1][0] == status[0])):
        return inner[1]
    return status


def _typed_address(value: str) -> str:
    """The address of "rfc822; <a@b>", "<a@b>" or "a@b"."""
    text = value.partition(";")[2] if ";" in value else value
    found = _ADDRESS.search(text)
    return found[1] if found else text.strip().strip("<>").strip()


# ---------------------------------------------------------------- feedback


def _feedback(parts: list[Part]) -> list[BounceRecipient]:
    found = []
    for part in parts:
        if kind_of(part) == "message/feedback-report":
            fields = _fields(_status_text(part))
            for name in ("original-rcpt-to", "removal-recipient"):
                if fields.get(name):
                    found.append(
                        BounceRecipient(
                            _typed_address(fields[name]), "failed", "", fields.get("feedback-type", "")
                        )
                    )
    return found


def _original_id(parts: list[Part]) -> str:
    """The Message-ID of the mail that the report is about: in the returned mail or its headers, or in the text."""
    for part in parts:
        if kind_of(part) in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global",
            "message/global-headers",
        ):
            data, _ = content_of(part)
            found = _LATER.search(data.decode("utf-8", "replace"))
            if found:
                return found[1]
    for part in parts:
        if kind_of(part) in ("text/plain", "message/delivery-status"):
            found = _LATER.search(content_of(part)[0].decode("utf-8", "replace"))
            if found:
                return found[1]
    return ""


# ---------------------------------------------------------------- those that follow nothing


def _unstructured(
    root: Part, parts: list[Part], subject: str, sender: str, headers: dict[str, list[str]]
) -> Bounce | None:
    failed = [
        address for value in headers.get("x-failed-recipients", []) for address in _ADDRESS.findall(value)
    ]
    texts = [text_of(part)[0] for part in parts if kind_of(part).startswith("text/")]
    text = "\n".join(texts)[:60_000]
    from_machine = _SENDERS.search(sender) is not None or "<>" in headers.get("return-path", [""])[0]
    report = kind_of(root) == "multipart/report" or "report-type=delivery-status" in _first(
        headers, "content-type"
    ).replace('"', "")
    says = _SUBJECT.search(subject) is not None
    marks = _MARKS.search(text[:8000]) is not None
    if (
        not failed
        and not report
        and not (from_machine and (says or marks))
        and not (says and marks and _returned(parts, text))
    ):
        return None
    own = _own_words(text)
    recipients = [
        BounceRecipient(address, "failed", *_codes(own)) for address in dict.fromkeys(failed)
    ] or _recipients(own, text)
    return Bounce("text", recipients, _original_id(parts))


def _returned(parts: list[Part], text: str) -> bool:
    """Whether the report carries the mail it is about, or its headers."""
    if any(kind_of(part) in ("message/rfc822", "text/rfc822-headers") for part in parts):
        return True
    return _QUOTED.search(text) is not None or _LATER.search(text) is not None


def _own_words(text: str) -> str:
    """What the machine says, without the mail that it returns below."""
    quoted = [found.start() for found in _QUOTED.finditer(text)]
    cut = next((at for at in quoted if at > 120), None)
    return text[:cut] if cut is not None else text[:12_000]


def _codes(text: str) -> tuple[str, str]:
    status, reply = _STATUS.search(text), _REPLY.search(text)
    line = next(
        (
            line.strip()
            for line in text.splitlines()
            if (status and status[1] in line) or (reply and reply[1] in line)
        ),
        "",
    )
    return (status[1] if status else f"{reply[1][0]}.0.0" if reply else ""), line[:500]


def _recipients(own: str, whole: str) -> list[BounceRecipient]:
    """The addresses that the machine names before the returned mail, with what stands beside each."""
    action = (
        "delayed"
        if _DELAYED.search(own) and not re.search(r"(?i)permanent|giving up|gave up", own)
        else "failed"
    )
    found: dict[str, BounceRecipient] = {}
    lines = own.splitlines()
    for number, line in enumerate(lines):
        if _OTHERS.match(line):
            continue
        for address in _ADDRESS.findall(line):
            if _SENDERS.search(address) or address.lower().endswith((".gif", ".png")):
                continue
            beside = "\n".join(lines[number : number + 6])
            status, said = _codes(beside)
            found.setdefault(address.lower(), BounceRecipient(address, action, status, said))  # type: ignore[arg-type]
    if not found:
        return []
    status, said = _codes(own)
    named = list(found.values())[:20]
    return [
        r if r.status else BounceRecipient(r.address, r.action, status, r.diagnostic or said) for r in named
    ]
