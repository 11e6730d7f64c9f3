"""What is too much for one mail (design/security.md S15): each limit has a name, and the reader stops where one is passed."""

SIZE = 50_000_000
HEADERS_SIZE = 256 * 1024
HEADER_SIZE = 64 * 1024
HEADERS = 1_000
ADDRESSES = 1_000
PARAMETERS = 100
DEPTH = 20
PARTS = 1_000
_OF_ADDRESSES = frozenset(("from", "to", "cc", "bcc", "reply-to", "sender"))


class LimitPassed(Exception):
    """A mail is over the limit of this name ("limit.depth", "empty", ...); it goes to quarantine, not to its reader."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def check_size(raw: bytes) -> None:
    """Refuse nothing at all, and more than a mail may be. Raises LimitPassed."""
    if len(raw) > SIZE:
        raise LimitPassed("limit.size")
    if not raw or raw.isspace():
        raise LimitPassed("empty")


def check_field(name: str, value: str) -> None:
    """Refuse a header that is too long, names too many addresses or has too many parameters. Raises LimitPassed."""
    if value.count(";") > PARAMETERS and name.startswith("content-"):
        raise LimitPassed("limit.params")
    if value.count("@") > ADDRESSES and name in _OF_ADDRESSES:
        raise LimitPassed("limit.addresses")
    if len(value) > HEADER_SIZE:
        raise LimitPassed("limit.header")
