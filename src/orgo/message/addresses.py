"""Mail addresses of a header (RFC 5322 section 3.4), read in one pass (pure, linear).

Own reader, because the well-known ones read `boss@corp <x@evil>` as boss (measured: design/reliability.md M7). What is
odd in how an address is written makes it a defect, and the sender is then not trusted; nor is one whom Python's own
reader takes for somebody else.
"""

import re
from email.utils import getaddresses

import idna
import msgspec

from orgo.lib.text import clean_header, clean_name
from orgo.message.model import Address
from orgo.message.words import decode_words

MOST = 1000
NUL_SHOWN = "\u2400"
_SPECIALS = frozenset('()<>[]:;@\\,"')
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]+@[^\s<>,;:\"()\\@]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# An encoded word in an address is read by some and not by others.
_ATOMS = rf"(?![^@]*=\?)(?=[^@]{{1,64}}@[^@]{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_PLAIN = re.compile(_ATOMS + r"\Z")
_USUAL = re.compile(r'(?:"([^"\\]*)"|([^"<>()\[\]\\,;:@]*))[ \t]*<([^<>]+)>')
# How far Python's own reader is asked: it calls itself for each bracket.
_COMPARED = 2_000
_NESTED = 20


class Read(msgspec.Struct, frozen=True):
    """The addresses of a header, and whether anything about how they are written is odd."""

    addresses: list[Address]
    defect: bool


class _Token(msgspec.Struct, frozen=True):
    kind: str  # "atom", "quoted", "comment", or a special character itself
    text: str
    space: bool  # white space stood before it


def read_addresses(text: str) -> Read:
    """The addresses of a header's text (still with its encoded words)."""
    usual = _usual(text)
    return Read(usual, False) if usual is not None else _read_closely(text)


def read_sender(text: str) -> Read:
    """The addresses of a header that says who wrote: what two readers read differently is a defect, too."""
    usual = _usual(text)
    if usual is not None:
        return Read(usual, False)
    read = _read_closely(text)
    return Read(read.addresses, read.defect or not _read_alike(text, read.addresses))


def _read_alike(text: str, addresses: list[Address]) -> bool:
    """Whether Python's own reader finds these addresses."""
    if len(text) > _COMPARED or text.count("(") > _NESTED:
        return False
    return [spec for _, spec in getaddresses([text])] == [address.address for address in addresses]


def _read_closely(text: str) -> Read:
    tokens, defect = _tokens(
        text.replace("\0", NUL_SHOWN)
    )  # which no database takes, and which is as odd to all readers
    # A group's name says who is meant, and no reader shows it; a backslash hides a bracket from some.
    defect = defect or any(token.kind in (":", ";", "\\") for token in tokens)
    found: list[Address] = []
    for group in _split(tokens):
        address, odd = _one(group)
        defect = defect or odd
        if address is not None and len(found) < MOST:
            found.append(address)
    return Read(found, defect or (not found and bool(text.strip())))


def _usual(text: str) -> list[Address] | None:
    """The addresses of a header that is written as nearly all are; None where it wants to be looked at closely."""
    if len(text) > 5_000 or not text.isascii() or not text.isprintable():
        return None
    found = []
    for piece in text.split(","):
        match = _USUAL.fullmatch(piece.strip())
        quoted, plain, spec = match.groups() if match else (None, "", piece.strip())
        if not _is_plain(spec):
            return None
        name = quoted if quoted is not None else plain
        found.append(Address(_shown(name) if name else "", spec))
    return found


def _shown(name: str) -> str:
    if "=?" in name:
        name = decode_words(name)
    elif name.isascii() and name.isprintable() and "  " not in name:
        return name.strip("'\" ")
    return clean_name(name).strip("'\" ").strip()


def _tokens(text: str) -> tuple[list[_Token], bool]:
    tokens: list[_Token] = []
    at, space, defect = 0, False, False
    while at < len(text):
        letter = text[at]
        if letter in " \t\r\n":
            space, at = True, at + 1
            continue
        if letter == '"':
            inner, at, closed = _quoted(text, at + 1)
            defect = defect or not closed
            tokens.append(_Token("quoted", inner, space))
        elif letter == "(":
            inner, at, closed = _comment(text, at + 1)
            defect = defect or not closed
            tokens.append(_Token("comment", inner, space))
        elif letter in _SPECIALS:
            tokens.append(_Token(letter, letter, space))
            at += 1
        else:
            end = at
            while end < len(text) and text[end] not in _SPECIALS and text[end] not in " \t\r\n":
                end += 1
            tokens.append(_Token("atom", text[at:end], space))
            at = end
        space = False
    return tokens, defect


def _quoted(text: str, at: int) -> tuple[str, int, bool]:
    out: list[str] = []
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
        elif text[at] == '"':
            return "".join(out), at + 1, True
        else:
            out.append(text[at])
            at += 1
    return "".join(out), at, False


def _comment(text: str, at: int) -> tuple[str, int, bool]:
    """A comment with those nested in it, counted and not recursed into (1,000 brackets bring others down)."""
    depth, out = 1, []
    while at < len(text):
        letter = text[at]
        if letter == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
            continue
        depth += {"(": 1, ")": -1}.get(letter, 0)
        at += 1
        if depth == 0:
            return "".join(out), at, True
        out.append(letter)
    return "".join(out), at, False


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    """The tokens of each address: parted by commas, without the names of groups."""
    groups: list[list[_Token]] = [[]]
    in_angle = False
    for number, token in enumerate(tokens):
        in_angle = token.kind == "<" or (in_angle and token.kind != ">")
        if token.kind in (",", ";") and not _inside_angle(tokens, number, in_angle):
            groups.append([])
        elif token.kind == ":" and not in_angle and not any(t.kind == "@" for t in groups[-1]):
            groups[-1] = []
        else:
            groups[-1].append(token)
    return [group for group in groups if any(token.kind != "comment" for token in group)]


def _inside_angle(tokens: list[_Token], number: int, in_angle: bool) -> bool:
    """A comma within < > belongs to an old route (RFC 5322 section 4.4) only where the bracket is closed later."""
    return in_angle and any(token.kind == ">" for token in tokens[number : number + 12])


def _one(tokens: list[_Token]) -> tuple[Address | None, bool]:
    kinds = [token.kind for token in tokens]
    if "<" in kinds:
        start = len(kinds) - 1 - kinds[::-1].index("<")
        end = kinds.index(">", start) if ">" in kinds[start:] else len(tokens)
        spec, odd = _spec(tokens[start + 1 : end])
        name = _name(tokens[:start]) or _comments(tokens)
        rest = [t for t in tokens[end + 1 :] if t.kind != "comment"]
        unquoted_at = any(t.kind == "@" for t in tokens[:start])
        odd = odd or ">" not in kinds[start:] or bool(rest) or unquoted_at or kinds.count("<") > 1
        if not spec:
            found = _ADDRESS.search(_joined(tokens))
            # A local name without a domain, as within one old system, is shown as it is, and not trusted.
            spec, odd = found[0] if found else _joined(tokens[start + 1 : end]).strip(), True
        return (Address(name, spec) if spec else Address(name, "") if name else None), odd or not spec
    if "@" in kinds:
        spec, odd = _spec(tokens)
        return (Address(_comments(tokens), spec) if spec else None), odd
    name = _name(tokens)
    # An address that stands in quotes as a whole: "a@b" without brackets.
    found = _ADDRESS.fullmatch(name)
    return (Address("", found[0]) if found else Address(name, "") if name else None), True


def _spec(tokens: list[_Token]) -> tuple[str, bool]:
    """local@domain of the tokens between < and >; an old route before it is left out."""
    plain = [token for token in tokens if token.kind != "comment"]
    if any(token.kind == ":" for token in plain) and plain and plain[0].kind == "@":
        last = max(number for number, token in enumerate(plain) if token.kind == ":")
        plain = plain[last + 1 :]
    ats = [number for number, token in enumerate(plain) if token.kind == "@"]
    if not ats:
        return "", True
    local = "".join(_local(token) for token in plain[: ats[-1]])
    domain = "".join(token.text for token in plain[ats[-1] + 1 :])
    spaces = any(token.space for token in plain[1:])
    spec = f"{local}@{clean_header(domain).replace(' ', '')}" if local and domain else ""
    return spec, len(ats) > 1 or spaces or _is_parted(tokens) or not _is_plain(spec)


def _is_parted(tokens: list[_Token]) -> bool:
    """Whether a comment stands within the address and not beside it."""
    kinds = ["x" if token.kind != "comment" else " " for token in tokens]
    return " " in "".join(kinds).strip()


def _is_plain(spec: str) -> bool:
    """Whether nothing about local@domain is odd; a domain may have letters of all languages, as IDNA allows."""
    local, _, domain = spec.rpartition("@")
    if spec.isascii() and "xn--" not in spec.lower():
        return _PLAIN.match(spec) is not None
    try:
        labels = [idna.alabel(label).decode() for label in domain[:253].split(".")]
    except idna.IDNAError:
        return False
    return _PLAIN.match(f"{local}@{'.'.join(labels)}") is not None


def _local(token: _Token) -> str:
    if token.kind != "quoted":
        return token.text
    plain = re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+", token.text)
    if plain and not token.text.startswith(".") and ".." not in token.text:
        return token.text
    escaped = clean_header(token.text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _name(tokens: list[_Token]) -> str:
    words = "".join((" " if token.space else "") + token.text for token in tokens if token.kind != "comment")
    return _shown(words) if words.strip() else ""


def _comments(tokens: list[_Token]) -> str:
    return clean_name(decode_words(" ".join(token.text for token in tokens if token.kind == "comment")))


def _joined(tokens: list[_Token]) -> str:
    return "".join((" " if token.space else "") + token.text for token in tokens)
