"""The sealed file: a readable header, then chunks under AES-256-GCM, so that cutting, swapping and flipping are refused.

The chunks are the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015), as age and Tink have it: the nonce counts, its
last byte says "this is the end", and the header is bound to each chunk. Each file has a key of its own, derived from the secret.
"""

import hashlib
import hmac
import io
import json
import os
import struct
from typing import Any, BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orgo.lib.problems import BadInput, Problem

MAGIC = b"ORGOBKUP"
FORMAT = 1
CHUNK = 1 << 20
_TAG = 16
_PREFIX = 7
_SALT = 32
_LENGTH = struct.Struct(">I")
_LARGEST_HEADER = 65_536
_MOST_CHUNKS = 2**32
_KEY_DIGITS = 64


class Header(msgspec.Struct, frozen=True):
    """What can be read of a backup without its key. `key` names the key without telling it."""

    format: int
    made_at: str
    orgo: str
    salt: str
    key: str
    chunk: int

    @property
    def id(self) -> str:
        """What this backup is known by."""
        return self.salt[:16]


def secret_of(text: str) -> bytes:
    """The secret that a key's text stands for. Raises BadInput; the text itself is never said."""
    text = text.strip()
    try:
        secret = bytes.fromhex(text) if len(text) == _KEY_DIGITS else b""
    except ValueError:
        secret = b""
    if not secret:
        words = f"not a key: {_KEY_DIGITS} hexadecimal digits are needed"
        raise BadInput(Problem(words, key="backup.key", hint="make one with: openssl rand -hex 32"))
    return secret


class _Cipher:
    """The file's own key, and the nonce of each chunk."""

    def __init__(self, secret: bytes, header: bytes, salt: bytes) -> None:
        derived = _derive(secret, salt, b"orgo backup 1", 32 + _PREFIX)
        self._cipher, self._prefix = AESGCM(derived[:32]), derived[32:]
        self._header = hashlib.sha256(header).digest()

    def seal(self, number: int, last: bool, data: bytes | memoryview) -> bytes:
        return self._cipher.encrypt(self._nonce(number, last), data, self._header)

    def open(self, number: int, last: bool, data: bytes) -> bytes:
        return self._cipher.decrypt(self._nonce(number, last), data, self._header)

    def _nonce(self, number: int, last: bool) -> bytes:
        if number >= _MOST_CHUNKS:
            raise BadInput("a backup can't be larger than 4 petabytes")
        return self._prefix + _LENGTH.pack(number) + bytes([last])


def _derive(secret: bytes, salt: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, purpose).derive(secret)


def _name_of(secret: bytes, salt: bytes) -> str:
    """By this a wrong key is told from a changed file; it says nothing of the key."""
    return _derive(secret, salt, b"orgo backup key name", 8).hex()


def blob_name(secret: bytes, name: str) -> str:
    """What a blob is called in a store of backups: the same each time, and says nothing of its bytes to who has no key."""
    return hmac.new(
        _derive(secret, b"", b"orgo backup blob name", 32), name.encode(), hashlib.sha256
    ).hexdigest()


class Sealer(io.RawIOBase):
    """Writes to `file` what is written to it, sealed. `finish` ends it: without that the file is refused as cut off."""

    def __init__(self, file: BinaryIO, secret: bytes, made_at: str, orgo: str) -> None:
        salt = os.urandom(_SALT)
        self.header = Header(FORMAT, made_at, orgo, salt.hex(), _name_of(secret, salt), CHUNK)
        head = msgspec.json.encode(self.header)
        self._file, self._cipher = file, _Cipher(secret, head, salt)
        self._waiting, self._number = bytearray(), 0
        file.write(MAGIC + _LENGTH.pack(len(head)) + head)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take bytes; a chunk leaves when there is more than one of them."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            with memoryview(self._waiting) as waiting:
                self._file.write(self._cipher.seal(self._number, False, waiting[:CHUNK]))
            del self._waiting[:CHUNK]
            self._number += 1
        return len(data)

    def finish(self) -> None:
        """Write the last chunk, which says that it is the last."""
        self._file.write(self._cipher.seal(self._number, True, bytes(self._waiting)))
        self._waiting.clear()


class Opener(io.RawIOBase):
    """Reads a sealed file. Every byte that it gives out was authenticated; the end is given only when it is the true end.

    Raises BadInput, with the offset, where the file was cut, changed, sealed with another key or by a newer Orgo.
    """

    def __init__(self, file: BinaryIO, secret: bytes, name: str) -> None:
        self._file, self.name = file, name
        head, self.header = _header(file, name)
        salt = bytes.fromhex(self.header.salt)
        if not _is_named(self.header, secret):
            raise self._refused("it was made with another key", hint="give the key that it was made with")
        self._cipher = _Cipher(secret, head, salt)
        self._at, self._number = len(MAGIC) + _LENGTH.size + len(head), 0
        self._next = file.read(self.header.chunk + _TAG)
        self._open, self._taken, self._ended = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as there is something."""
        if self._taken == len(self._open) and not self._ended:
            self._open, self._taken = self._chunk(), 0
        part = self._open[self._taken : self._taken + len(buffer)]
        buffer[: len(part)] = part
        self._taken += len(part)
        return len(part)

    def _chunk(self) -> bytes:
        sealed, self._next = self._next, self._file.read(self.header.chunk + _TAG)
        last = not self._next
        try:
            data = self._cipher.open(self._number, last, sealed)
        except (InvalidTag, ValueError):
            end = self._at + len(sealed)
            words = f"it was changed or cut off between byte {self._at} and byte {end}"
            raise self._refused(words, hint="take another backup") from None
        self._at, self._number, self._ended = self._at + len(sealed), self._number + 1, last
        return data

    def _refused(self, words: str, hint: str) -> BadInput:
        return BadInput(Problem(words, file=self.name, hint=hint))


def read_header(file: BinaryIO, name: str) -> Header:
    """What a backup says of itself without its key. Raises BadInput."""
    return _header(file, name)[1]


def is_of(file: BinaryIO, secret: bytes) -> bool:
    """Whether this is a backup that was made with this key, by its header alone."""
    try:
        return _is_named(read_header(file, ""), secret)
    except BadInput:
        return False


def _is_named(header: Header, secret: bytes) -> bool:
    return hmac.compare_digest(header.key, _name_of(secret, bytes.fromhex(header.salt)))


def _header(file: BinaryIO, name: str) -> tuple[bytes, Header]:
    """The header's bytes and what they say. A later format is told from a damaged file."""
    start = file.read(len(MAGIC) + _LENGTH.size)
    if start[: len(MAGIC)] != MAGIC or len(start) != len(MAGIC) + _LENGTH.size:
        raise BadInput(Problem("not a backup of Orgo, or its first bytes were changed", file=name))
    (length,) = _LENGTH.unpack(start[len(MAGIC) :])
    head = file.read(length) if length <= _LARGEST_HEADER else b""
    if len(head) != length or not length:
        raise BadInput(Problem("its header was cut off or changed, from byte 8 on", file=name))
    found = _format(head, name)
    if found != FORMAT:
        words = f"it has the format {found} of a newer Orgo; this one reads {FORMAT}"
        raise BadInput(Problem(words, file=name, hint="upgrade Orgo"))
    return head, _decoded(head, name)


def _format(head: bytes, name: str) -> int:
    try:
        found = json.loads(head)["format"]
    except (ValueError, TypeError, KeyError):
        found = None
    if type(found) is not int or found < FORMAT:
        raise BadInput(Problem("its header was changed, from byte 12 on", file=name))
    return found


def _decoded(head: bytes, name: str) -> Header:
    try:
        header = msgspec.json.decode(head, type=Header)
        valid = len(bytes.fromhex(header.salt)) == _SALT and header.chunk == CHUNK and header.key.isascii()
    except (msgspec.DecodeError, ValueError):
        valid = False
    if not valid:
        raise BadInput(Problem("its header was changed, from byte 12 on", file=name))
    return header
