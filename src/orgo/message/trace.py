"""What a server wrote about a mail's sender: one Authentication-Results header read as RFC 8601 says (pure, linear)."""

import re
from typing import Literal

Result = Literal["", "pass", "none", "fail"]
_SERVER = re.compile(r'\s*("[^"]*"|[^\s;]+)')
# RFC 8601 section 2.2: a result begins with its method; what follows the first word is a reason or a property.
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)(?![a-z0-9-])", re.IGNORECASE)
_LOOKS_FAILED = re.compile(r"\bdmarc\b[\s/\d]*=\s*fail", re.IGNORECASE)
_PIECE = re.compile(r'\\.|[()"]|[^\\()"]+|\\\Z', re.DOTALL)


def server_of(text: str) -> str:
    """The authserv-id in an Authentication-Results header, in lower case; "" where there is none."""
    bare = _bare(text, keep_quoted=True)
    found = _SERVER.match(bare if bare is not None else text)
    return found[1].strip('"').lower() if found else ""


def dmarc(text: str) -> Result:
    """What an Authentication-Results header says of DMARC, "" where it says nothing.

    Comments and quoted strings hold what the sender chose (the envelope's address, a reason), so nothing in them counts;
    in a header whose brackets or quotes don't end, only a failure does. Of several results (RFC 8601 section 2.7: one
    for each author) a failed one wins.
    """
    if _bare(text) is None:
        return "fail" if _LOOKS_FAILED.search(text) else ""
    found = results(text, "dmarc")
    if not found:
        return ""
    return "fail" if "fail" in found else "pass" if set(found) == {"pass"} else "none"


def results(text: str, method: str) -> list[str]:
    """The results of a method (spf, dkim ..) in an Authentication-Results header, in their order and in lower case."""
    bare = _bare(text)
    parts = bare.split(";")[1:] if bare is not None else []
    found = [match for part in parts if (match := _RESULT.match(part))]
    return [match[2].lower() for match in found if match[1].lower() == method]


def _bare(text: str, *, keep_quoted: bool = False) -> str | None:
    """The text without its comments and the content of its quoted strings; None where one of them does not end."""
    kept: list[str] = []
    depth, quoted = 0, False
    for piece in _PIECE.findall(text):
        if piece == '"' and not depth:
            quoted = not quoted
            kept.append(piece)
        elif piece in ("(", ")") and not quoted:
            depth += 1 if piece == "(" else -1
            kept.append(" ")
            if depth < 0:
                return None
        elif not depth and (keep_quoted or not quoted):
            kept.append(piece)
    return None if depth or quoted else "".join(kept)
