"""A reply's own words: quotes and signatures are cut off (pure, linear, never nothing where there is something)."""

import re

from orgo.lib.text import clean_text

_HEADER = re.compile(
    r"(?ix)^[>\s*_]*(?:"
    r"on\ .{3,200}\b(?:wrote|writes|schrieb)\s*:?|(?:on|am|le|el|il|op|den|p[åa])\s.{3,200}(?:wrote|[ée]crit|schrieb|escribi[óo]|ha\ scritto|schreef|skrev)\s*:?"
    r"|.{1,120}<[^<>]+@[^<>]+>\s*(?:wrote|writes|[ée]crit|a\ [ée]crit|schrieb|escribi[óo]|ha\ scritto|schreef|skrev)\s*:?"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.{0,60}[<(]?[^\s<>]+@[^\s<>]+[>)]?.{0,20}:"
    r"|-{2,}\s*(?:original\ message|message\ d'origine|message\ original|urspr[üu]ngliche\ nachricht|mensaje\ original|messaggio\ originale|forwarded\ message|oorspronkelijk\ bericht|reply\ above\ this\ line|reply\ message)\s*-*"
    r"|_{20,}|-{20,}"
    r"|begin\ forwarded\ message:|\#{2,}\s*-\s*please\ type\ your\ reply\ above.*"
    r")\s*$"
)  # fmt: skip
_FIELD = re.compile(r"(?i)^[>\s*]*(?:\*?)(from|de|von|von|da|van|från|fra|sent|envoy[ée]|gesendet|enviado|inviato|verzonden|date|datum|fecha|to|[àa]|an|para|subject|objet|betreff|asunto|oggetto|onderwerp)\*?\s*:\s*\S")
_SIGNATURE = re.compile(r"^(?:--\s?|__\s?|—\s?|-- ?|\*{3,})$")
_SENT_FROM = re.compile(
    r"(?i)^\s*(?:\(?sent (?:from|via|with|using) (?:my |a )?[\w\s]{2,40}|envoy[ée] (?:de|depuis|via) (?:mon |ma )?[\w\s]{2,40}|von meinem [\w\s]{2,40} gesendet|gesendet (?:von|mit) [\w\s]{2,40}"
    r"|enviado desde (?:mi )?[\w\s]{2,40}|inviato da[\w\s]{2,40}|get outlook for \w+.*|obtenez outlook.*|verzonden (?:vanaf|met).{0,40}|skickat fr[åa]n.{0,40})\)?[.!]?(?:\s*<http\S+>)?\s*$"
)
_MULTI_START = re.compile(r"(?i)^[>\s*]*(?:on|am|le|el|il|op|den)\s.{6,160}$")
_MULTI_END = re.compile(r"(?i)(?:wrote|[ée]crit|schrieb|escribi[óo]|scritto|schreef|skrev)\s*:?\s*$")


def reply_text(text: str) -> str:
    """The reply's own words; the whole text where nothing would be left."""
    lines = clean_text(text).split("\n")
    kept = _without_quotes(lines[: _cut(lines)])
    kept = kept[: _signature(kept)]
    own = "\n".join(line.rstrip() for line in kept).strip()
    return own or clean_text(text).strip()


def _cut(lines: list[str]) -> int:
    """Where the quoted mail begins: a line that introduces it with nothing but quotes after it, or its header block."""
    for number, line in enumerate(lines):
        if _is_head(lines, number) and not _words_after(lines, number):
            return number
        if _is_block(lines, number) or re.match(r"(?i)^[>\s]*-{2,}\s*(?:original|urspr|message d|mensaje o|forwarded)", line):
            return number
    return len(lines)


def _is_head(lines: list[str], number: int) -> bool:
    line = lines[number].strip()
    if len(line) > 400:
        return False
    if _HEADER.match(line):
        return True
    if _MULTI_START.match(line):
        joined = line
        for more in lines[number + 1 : number + 4]:
            if not more.strip():
                break
            joined += " " + more.strip()
            if _MULTI_END.search(joined) and len(joined) < 400:
                return True
    return False


def _is_block(lines: list[str], number: int) -> bool:
    """Outlook's way: From, Sent, To, Subject one below the other."""
    if not _FIELD.match(lines[number]):
        return False
    names = {found[1].lower() for line in lines[number : number + 6] if (found := _FIELD.match(line))}
    return len(names) >= 3


def _words_after(lines: list[str], number: int) -> bool:
    """Whether the author writes on between the quotes below: then the whole is the answer."""
    below = lines[number + 1 :]
    if not any(line.lstrip().startswith(">") for line in below):
        return False
    last_quote = max(n for n, line in enumerate(below) if line.lstrip().startswith(">"))
    between = [line for line in below[:last_quote] if line.strip() and not line.lstrip().startswith(">")]
    first = next((n for n, line in enumerate(below) if line.lstrip().startswith(">")), 0)
    return len([line for line in below[first:last_quote] if line.strip() and not line.lstrip().startswith(">")]) >= 1 and len(between) >= 1


def _without_quotes(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.lstrip().startswith(">")]


def _signature(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        below = len([1 for other in lines[number + 1 :] if other.strip()])
        if _SIGNATURE.match(line.strip(" ")) and below <= 15 and any(other.strip() for other in lines[:number]):
            return number
        if _SENT_FROM.match(line) and below <= 3 and any(other.strip() for other in lines[:number]):
            return number
    return len(lines)
