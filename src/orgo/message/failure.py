"""Delivery failures in words that follow no standard: whether a mail is one, whom it names, what it says (pure)."""

import re

from orgo.message.html import html_to_text
from orgo.message.model import BounceRecipient
from orgo.message.part import Part
from orgo.message.parts import text_of
from orgo.message.phrases import phrases

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
ADDRESS = re.compile(
    r"([A-Za-z0-9!#$%&*+/?^_`{|}~][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,80}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,12})"
)
_REPLY = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[ \-#])")
# What may stand before the address of a line that is about it: brackets, quotes, a reply code.
_LEADING = re.compile(r"[\s<>\"'|*(-]{0,40}(?:\d{3}\s{1,3})?[\s<\"'(]{0,10}")
_KEYED = re.compile(
    r"(?i)[\s>*-]{0,40}(?:(?:final|failed|intended|original|the)?[ -]?recipient(?:s|\(s\))?(?: address)?|original address|rcpt to"
    r"|failed address(?:es)?|user|mailbox|email(?: address)?|address|destinataire|empf[äa]nger|destinatario)\s{0,5}[:=]"
)
_OTHERS = re.compile(
    r"(?i)[\s>|*-]{0,40}(?:from|sender|reply-to|to|cc|date|message-id|subject|return-path|received|mail from|x-|by|please|contact"
    r"|for further|if you|reporting-mta|remote-mta|help)\b"
)
_HEADER = re.compile(
    r"(?i)[>\s]{0,10}(?:received|return-path|message-id|mime-version|dkim-signature|x-[a-z-]{1,40}):\s"
)
_FORWARDED = re.compile(r"(?i)\s*(?:fwd?|wg|tr|rv|i|enc|doorst)\s*:")
_PERSONS_PROGRAM = re.compile(
    r"(?i)thunderbird|outlook|apple mail|iphone|ipad|mutt|evolution|kmail|roundcube|webmail|horde|claws|mozilla|squirrelmail"
)
_TYPE = re.compile(r"(?i)(?:smtp|rfc822|mailto|x400)[=:]")
_RETURNED_TO = re.compile(r"(?im)^[>\s]{0,10}to:[ \t]*([^\r\n]{3,200})")
MOST = 20
_SEEN = 8_000


def failure_of(
    root: Part, leaves: list[Part], subject: str, text: str, *, suspect: bool
) -> list[BounceRecipient] | None:
    """The recipients that a mail without RFC 3464's fields says were not reached; None where it is no bounce."""
    failed = [a for value in root.headers.get("x-failed-recipients", []) for a in ADDRESS.findall(value)]
    sender = root.header("from").strip()
    null = "<>" in (sender, root.header("return-path").strip())
    report = root.kind == "multipart/report"
    if not (failed or report or null or suspect):
        return None
    titled = phrases("machine", "subject").search(subject) is not None
    daemon = sender == "<>" or phrases("machine", "daemon").search(sender) is not None
    keeper = null or phrases("machine", "keeper").search(sender) is not None
    text = text or "\n".join(html_to_text(text_of(leaf)[0]) for leaf in leaves if leaf.kind == "text/html")
    own = own_words(text)
    if not failed and not report:
        says = phrases("machine", "words").search(own[:_SEEN]) is not None
        sure = daemon and (titled or says)
        if not sure and not _is_likely(root, leaves, subject, text, own, (titled, says, keeper)):
            return None
    return _named(root, leaves, text, own, failed)


def _is_likely(
    root: Part, leaves: list[Part], subject: str, text: str, own: str, signs: tuple[bool, bool, bool]
) -> bool:
    """Whether what does not come from a mailer-daemon is a bounce: people complain of bounces in the same words."""
    titled, says, keeper = signs
    program = f"{root.header('x-mailer')} {root.header('user-agent')}"
    if _FORWARDED.match(subject) or _PERSONS_PROGRAM.search(program):
        return False
    returned = len(own) < len(text) or any(
        leaf.kind in ("message/rfc822", "text/rfc822-headers") for leaf in leaves
    )
    if keeper:
        return titled or (says and (returned or bool(_recipients(own, set()))))
    plain = root.kind in ("text/plain", "multipart/mixed")
    return titled and says and (returned or (plain and bool(_recipients(own, set(), leading=True))))


def _named(root: Part, leaves: list[Part], text: str, own: str, failed: list[str]) -> list[BounceRecipient]:
    """Whom the report names: by its header, in its words, else whom the returned mail was to."""
    if failed:
        status, said = codes(own)
        return [_recipient(address, own, status, said) for address in dict.fromkeys(failed)]
    involved = {
        a.lower()
        for name in ("to", "from")
        for value in root.headers.get(name, [])
        for a in ADDRESS.findall(value)
    }
    found = _recipients(own, involved)
    if found:
        return found
    returned = [
        leaf.content[:_SEEN].decode("utf-8", "replace") for leaf in leaves if leaf.kind == "message/rfc822"
    ]
    returned.append(text[len(own) : len(own) + _SEEN])
    to = [line for block in returned for line in _RETURNED_TO.findall(block)[:1]]
    status, said = codes(own)
    return [
        _recipient(address, own, status, said) for line in to[:1] for address in ADDRESS.findall(line)[:1]
    ]


def own_words(text: str) -> str:
    """What the machine says, without the mail that it returns below."""
    said = at = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip(" \t\r\n-=*|#_>~+")
        if said > 60 and bare and (_HEADER.match(line) or phrases("machine", "returned").match(bare)):
            return text[:at]
        said += len(bare)
        at += len(line)
    return text


def codes(text: str) -> tuple[str, str]:
    """The status code of a text (RFC 3463), made of the reply code where there is only that, and its line."""
    status, reply = STATUS.search(text), _REPLY.search(text)
    found = status or reply
    if found is None:
        return "", ""
    start = text.rfind("\n", 0, found.start()) + 1
    line = text[start:].partition("\n")[0].strip()[:500]
    return status[1] if status else f"{found[1][0]}.0.0", line


def _recipient(address: str, own: str, status: str, said: str) -> BounceRecipient:
    delayed = phrases("machine", "delayed").search(own) is not None
    final = phrases("machine", "final").search(own) is not None
    return BounceRecipient(address, "delayed" if delayed and not final else "failed", status, said)


def _recipients(own: str, involved: set[str], *, leading: bool = False) -> list[BounceRecipient]:
    """The addresses that the machine names, with what stands beside each; not those the report itself is from and to.

    An address at the start of a line, or after a word such as "recipient:", is meant; only without such one counts
    whatever else is named (unless `leading`).
    """
    introduced = phrases("machine", "introduction").search(own)
    lines = own[introduced.start() :].splitlines() if introduced is not None else own.splitlines()
    strong: dict[str, int] = {}
    weak: dict[str, int] = {}
    for number, line in enumerate(lines[:400]):
        for place, found in enumerate(ADDRESS.finditer(line)):
            address = _TYPE.sub("", found[1]).rpartition("SMTP=")[2]
            if address.lower() in involved or phrases("machine", "daemon").search(address):
                continue
            before = line[: found.start()]
            meant = place == 0 and (_LEADING.fullmatch(before) or _KEYED.match(before))
            if meant or not _OTHERS.match(line):
                (strong if meant else weak).setdefault(address, number)
    named = strong or ({} if leading else weak)
    if not named and introduced is not None and not leading:
        return _recipients(own[: introduced.start()] + "\n", involved)
    return _with_codes(named, lines, own)


def _with_codes(named: dict[str, int], lines: list[str], own: str) -> list[BounceRecipient]:
    """Each address with the status that stands on its line or below, up to the next address; else the report's own."""
    starts = sorted(named.values())
    status, said = codes(own)
    found: dict[str, BounceRecipient] = {}
    for address, number in list(named.items())[:MOST]:
        end = min(next((start for start in starts if start > number), number + 8), number + 8)
        beside = codes("\n".join(lines[number:end]))
        words = " ".join(" ".join(lines[number:end]).split())[:300]
        code, line = beside if beside[0] else (status, said or words)
        found.setdefault(address.lower(), _recipient(address, own, code, line))
    return list(found.values())
