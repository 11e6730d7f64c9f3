"""The parser's own process: mails come in on standard input, Messages, or what is shown of a mail, go out on standard output.

A batch is a byte that says what is asked, a 4-byte count, then each mail with its 4-byte length; behind a mail whose file is
asked for comes the file's place, in digits, as if it were one. The answer is one length and what is asked, in msgpack. The
limits of a mail are its argument, as JSON. No Django is imported here, and memory and time have limits, so that a mail which
breaks the parser breaks nothing else.
"""

import struct
import sys
from typing import Any, BinaryIO

import msgspec

MEMORY = 512 * 1024 * 1024
LARGE = 500_000
MESSAGES, HTML, FILE, NOTED = b"m", b"h", b"f", b"n"
_HEAD = struct.Struct(">cI")


def main() -> None:
    """Answer batches until standard input ends."""
    _limit()
    from orgo.lib.memory import give_back, settle
    from orgo.message.limits import Limits, use

    if sys.argv[1:]:
        use(msgspec.json.decode(sys.argv[1], type=Limits))
    settle()
    encoder = msgspec.msgpack.Encoder()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (asked := read_batch(source)) is not None:
        question, batch = asked
        answer = encoder.encode(_answer(question, batch))
        target.write(struct.pack(">I", len(answer)) + answer)
        target.flush()
        if sum(map(len, batch)) > LARGE:
            del asked, batch, answer
            give_back()


def _answer(question: bytes, batch: list[bytes]) -> Any:
    from orgo.message import noted
    from orgo.message.parse import parse

    if question == MESSAGES:
        return [parse(raw) for raw in batch]
    if question == NOTED:
        return noted(parse(batch[0]))
    # Intake asks for neither, so its process does not load what cleans HTML.
    from orgo.message.shown import file_at, shown_html

    return shown_html(batch[0]) if question == HTML else file_at(batch[0], int(batch[1]))


def read_batch(source: BinaryIO) -> tuple[bytes, list[bytes]] | None:
    """What is asked next, and of which mails; None at the end."""
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    question, count = _HEAD.unpack(head)
    return question, [source.read(struct.unpack(">I", source.read(4))[0]) for _ in range(count)]


def write_batch(target: BinaryIO, batch: list[bytes], question: bytes = MESSAGES) -> None:
    """Send a batch to the child."""
    target.write(_HEAD.pack(question, len(batch)))
    target.writelines(struct.pack(">I", len(raw)) + raw for raw in batch)
    target.flush()


def _limit() -> None:
    """Bound the memory where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    for kind in ("RLIMIT_AS", "RLIMIT_DATA"):
        try:
            resource.setrlimit(getattr(resource, kind), (MEMORY, MEMORY))
        except (ValueError, OSError, AttributeError):
            continue


if __name__ == "__main__":
    main()
