"""The parser's own process: mails come in on standard input, Messages go out on standard output.

A batch is a 4-byte count, then each mail with its 4-byte length; the answer is one length and a msgpack list. The limits of
a mail are its argument, as JSON. No Django is imported here, and memory and time have limits, so that a mail which breaks
the parser breaks nothing else.
"""

import struct
import sys
from typing import BinaryIO

import msgspec

MEMORY = 512 * 1024 * 1024
LARGE = 500_000


def main() -> None:
    """Answer batches until standard input ends."""
    _limit()
    from orgo.lib.memory import give_back, settle
    from orgo.message.limits import Limits, use
    from orgo.message.parse import parse

    if sys.argv[1:]:
        use(msgspec.json.decode(sys.argv[1], type=Limits))
    settle()
    encoder = msgspec.msgpack.Encoder()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (batch := read_batch(source)) is not None:
        answer = encoder.encode([parse(raw) for raw in batch])
        target.write(struct.pack(">I", len(answer)) + answer)
        target.flush()
        if sum(map(len, batch)) > LARGE:
            del batch, answer
            give_back()


def read_batch(source: BinaryIO) -> list[bytes] | None:
    """The next batch, None at the end."""
    head = source.read(4)
    if len(head) < 4:
        return None
    return [source.read(struct.unpack(">I", source.read(4))[0]) for _ in range(struct.unpack(">I", head)[0])]


def write_batch(target: BinaryIO, batch: list[bytes]) -> None:
    """Send a batch to the child."""
    target.write(struct.pack(">I", len(batch)))
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
