"""What is too much for one mail (design/security.md S15): each limit has a name, and the reader stops where one is passed."""

import msgspec

_OF_ADDRESSES = frozenset(("from", "to", "cc", "bcc", "reply-to", "sender"))


# What a reader is told; the limit's own name stands behind it, for who keeps the limits.
_SAID = {
    "limit.size": "it is larger than Orgo reads",
    "limit.params": "one of its headers has more details than Orgo reads",
    "limit.addresses": "one of its headers names more addresses than Orgo reads",
    "limit.header": "one of its headers is longer than Orgo reads",
    "limit.headers": "its header is longer than Orgo reads",
    "limit.attachments": "it has more attachments than Orgo reads",
    "limit.depth": "more mails or parts lie in one another than Orgo reads",
    "limit.parts": "it has more parts than Orgo reads",
}


class Limits(msgspec.Struct, frozen=True):
    """The limits, named as the keys below `limits:` in the configuration; sizes are bytes."""

    mail_size: int = 50_000_000
    headers_size: int = 256 * 1024
    header_size: int = 64 * 1024
    headers: int = 1_000
    addresses: int = 1_000
    parameters: int = 100
    parts: int = 1_000
    depth: int = 20
    attachments: int = 300


class LimitPassed(Exception):
    """A mail is over the limit of this name ("limit.depth", "empty", ...); it goes to quarantine, not to its reader."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def in_words(limit: str) -> str:
    """Why a mail is not read, in words: the limit that it is over, or that there is nothing of it."""
    return f"{_SAID[limit]} ({limit})" if limit in _SAID else "the mail is empty"


_current = Limits()


def use(given: Limits) -> None:
    """Read by these limits from now on, in this process and in the parsers that it starts."""
    global _current
    _current = given


def current() -> Limits:
    """The limits of this process."""
    return _current


def check_size(raw: bytes) -> None:
    """Refuse nothing at all, and more than a mail may be. Raises LimitPassed."""
    if len(raw) > _current.mail_size:
        raise LimitPassed("limit.size")
    if not raw or raw.isspace():
        raise LimitPassed("empty")


def check_field(name: str, value: str) -> None:
    """Refuse a header that is too long, names too many addresses or has too many parameters. Raises LimitPassed."""
    if value.count(";") > _current.parameters and name.startswith("content-"):
        raise LimitPassed("limit.params")
    if value.count("@") > _current.addresses and name in _OF_ADDRESSES:
        raise LimitPassed("limit.addresses")
    if len(value) > _current.header_size:
        raise LimitPassed("limit.header")


def check_attachments(count: int) -> None:
    """Refuse more attachments than a mail may have. Raises LimitPassed."""
    if count > _current.attachments:
        raise LimitPassed("limit.attachments")
