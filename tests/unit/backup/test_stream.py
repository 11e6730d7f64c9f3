"""The sealed file: what was written comes back, and a file that was cut, changed, swapped or sealed otherwise never does."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.backup import stream
from orgo.lib.problems import BadInput

KEY = bytes(range(32))
CHUNK = 64
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHUNK", CHUNK)


def sealed(data: bytes, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    sealer = stream.Sealer(file, key, "2026-09-07T08:00:00+00:00", "0.1.0")
    sealer.write(data)
    sealer.finish()
    return file.getvalue()


def opened(file: bytes, key: bytes = KEY) -> bytes:
    return stream.Opener(io.BytesIO(file), key, "b.orgo").read()


def parts(file: bytes) -> tuple[bytes, list[bytes]]:
    """The header, and the sealed chunks."""
    start = 12 + int.from_bytes(file[8:12], "big")
    rest = file[start:]
    return file[:start], [rest[at : at + CHUNK + 16] for at in range(0, len(rest), CHUNK + 16)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_comes_back(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert opened(sealed(data)) == data


@pytest.mark.parametrize("size", SIZES)
def test_a_flipped_bit_anywhere_is_refused(size: int) -> None:
    file = bytearray(sealed(b"x" * size))
    for place in range(len(file)):
        for bit in (0, 3, 7):
            file[place] ^= 1 << bit
            with pytest.raises(BadInput):
                opened(bytes(file))
            file[place] ^= 1 << bit


@pytest.mark.parametrize("size", SIZES)
def test_a_cut_anywhere_is_refused(size: int) -> None:
    file = sealed(b"x" * size)
    for end in range(len(file)):
        with pytest.raises(BadInput):
            opened(file[:end])


@given(
    data=st.binary(max_size=5 * CHUNK),
    more=st.binary(min_size=1, max_size=2 * CHUNK),
    place=st.integers(min_value=0),
)
@settings(max_examples=300, deadline=None)
def test_bytes_put_in_anywhere_are_refused(data: bytes, more: bytes, place: int) -> None:
    stream.CHUNK = CHUNK
    file = sealed(data)
    at = place % (len(file) + 1)
    with pytest.raises(BadInput):
        opened(file[:at] + more + file[at:])


@given(first=st.integers(0, 4), second=st.integers(0, 4))
@settings(deadline=None)
def test_chunks_that_change_places_are_refused(first: int, second: int) -> None:
    stream.CHUNK = CHUNK
    head, chunks = parts(sealed(bytes(CHUNK) * 5))
    if first == second:
        return
    chunks[first], chunks[second] = chunks[second], chunks[first]
    with pytest.raises(BadInput):
        opened(head + b"".join(chunks))


def test_a_whole_chunk_that_is_missing_is_refused() -> None:
    head, chunks = parts(sealed(bytes(CHUNK) * 4))
    for missing in range(4):
        with pytest.raises(BadInput):
            opened(head + b"".join(chunks[:missing] + chunks[missing + 1 :]))


def test_a_chunk_of_another_backup_is_refused() -> None:
    head, chunks = parts(sealed(bytes(CHUNK) * 3))
    _, others = parts(sealed(bytes(CHUNK) * 3))
    with pytest.raises(BadInput):
        opened(head + chunks[0] + others[1] + chunks[2])


def test_a_file_that_was_never_finished_is_refused() -> None:
    file = io.BytesIO()
    stream.Sealer(file, KEY, "2026-09-07T08:00:00+00:00", "0.1.0").write(bytes(3 * CHUNK))
    with pytest.raises(BadInput):
        opened(file.getvalue())


def test_another_key_is_said_as_such() -> None:
    with pytest.raises(BadInput, match="another key"):
        opened(sealed(b"secret"), bytes(32))


def test_a_change_is_said_with_its_place() -> None:
    file = bytearray(sealed(bytes(3 * CHUNK)))
    head, _ = parts(bytes(file))
    file[len(head) + CHUNK + 16 + 5] ^= 1
    with pytest.raises(BadInput, match=f"between byte {len(head) + CHUNK + 16} and"):
        opened(bytes(file))


def test_a_newer_format_is_said_as_such() -> None:
    head = json.dumps({"format": 2, "anything": True}).encode()
    with pytest.raises(BadInput, match="newer Orgo"):
        opened(stream.MAGIC + len(head).to_bytes(4, "big") + head)


@pytest.mark.parametrize(
    "file", [b"", b"PK\x03\x04", b"ORGOBKUP", b"ORGOBKUP\xff\xff\xff\xff{}", b"ORGOBKUP\x00\x00\x00\x02[]"]
)
def test_another_file_is_no_backup(file: bytes) -> None:
    with pytest.raises(BadInput):
        opened(file)


def test_the_same_bytes_are_never_sealed_alike() -> None:
    assert parts(sealed(b"same"))[1] != parts(sealed(b"same"))[1]


@pytest.mark.parametrize("text", ["", "password", "0" * 63, "g" * 64, "0" * 65])
def test_a_weak_key_is_refused_and_not_said(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        stream.secret_of(text)
    assert not text or text not in str(refused.value)


def test_a_key_is_64_hexadecimal_digits() -> None:
    assert stream.secret_of(KEY.hex() + "\n") == KEY


def test_the_header_can_be_read_without_the_key() -> None:
    found: Any = stream.read_header(io.BytesIO(sealed(b"x")), "b.orgo")
    assert found.made_at.startswith("2026") and KEY.hex() not in repr(found)
