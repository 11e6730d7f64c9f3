"""The key that signs seals: Ed25519 (RFC 8032), one for each database, in which it lies under the installation's secret.

So all machines that work on one database sign alike, and who has the database alone can't sign (docs/adr/0019-trail-key.md).
"""

import os
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, transaction

from orgo.audit.models import Seal, TrailKey, record
from orgo.conf import boot
from orgo.conf.config import Config
from orgo.lib import clock, ids
from orgo.lib.keys import derive

# Before one key served a whole database it lay in this file; the first process that seals takes it over.
PRIVATE, PUBLIC = "audit.key", "audit.pub"
_PURPOSE = "audit key"
_NONCE = 12


class NoKey(Exception):
    """There is no key to sign with here; the words say what to do."""


class Locked(NoKey):
    """The database's key can't be opened with this machine's secret."""


class Gone(NoKey):
    """The trail was sealed before, and its key was taken out of the database: who did that must not get a new one unseen."""

    def __init__(self) -> None:
        super().__init__(
            "the trail has seals and its key is gone from the database, so nothing is sealed;"
            " find out who removed it, then orgo audit new-key"
        )


class SigningKey:
    """Signs for this installation. `id` is the public key itself, in hex: what a seal names as its key."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.id = self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(data)


def signing_key(config: Config) -> SigningKey:
    """The key of the connected database, made where nothing was sealed yet. Its public half is written to var/audit.pub where
    none is there: another one that is there stays, as the word of before.

    Raises Locked where it lies under another secret, Gone where it was removed, OSError where var can't be written.
    """
    row = _newest() or _first(config)
    key = SigningKey(_opened(row, config))
    if not (config.var / PUBLIC).exists():
        _publish(key, config.var)
    return key


def newest(config: Config) -> str | None:
    """Which key signs now (its public half, hex); None where none was made yet. Raises Locked, Gone."""
    row = _newest()
    if row is None:
        if is_gone():
            raise Gone
        return None
    _opened(row, config)
    return row.key


def is_gone() -> bool:
    """Whether there are seals, and no key."""
    return not TrailKey.objects.exists() and Seal.objects.exists()


def another_than_published(var: Path) -> str:
    """Says that var/audit.pub names another key than that of the trail; "" where it does not, or is not there."""
    file, now = var / PUBLIC, _current()
    if not now or not file.is_file() or (published := file.read_text("utf-8", "replace").strip()) == now:
        return ""
    return (
        f"{file} names the key {published[:16]}.., and the trail is sealed by {now[:16]}..: was it replaced?"
        f" Where orgo audit new-key was run on another machine, put its {PUBLIC} here"
    )


class Renewed(NamedTuple):
    """The new key (its public half, hex), and the file that the former public key lies in now."""

    id: str
    former: Path | None


def renew(config: Config, actor: str) -> Renewed:
    """From now on another key signs: the one before is lost with its secret, or is no longer only ours.

    var/audit.pub names the new one then, and what it held lies beside it. Raises OSError where that can't be written.
    """
    with transaction.atomic():
        before, last = _newest(), _current()
        secret = Ed25519PrivateKey.generate().private_bytes_raw()
        made = _put((before.number if before else 0) + 1, secret, config)
        record("audit.key_renewed", actor=actor, key=made.key, before=last)
    former = _put_aside(config.var / PUBLIC)
    _publish(SigningKey(secret), config.var)
    return Renewed(made.key, former)


def _put_aside(file: Path) -> Path | None:
    """What was published is what the seals before are checked with."""
    if not file.is_file():
        return None
    text = file.read_text("utf-8", "replace")
    name = text[:8] if text[:8].isalnum() else "former"
    aside = file.with_name(f"{file.name}.{name}")
    aside.write_text(text)
    return aside


def _publish(key: SigningKey, var: Path) -> None:
    var.mkdir(parents=True, exist_ok=True)
    new = var / f"{PUBLIC}.{ids.new_id()}.new"
    new.write_text(f"{key.id}\n")
    new.replace(var / PUBLIC)


def _current() -> str:
    """The key that signs, or where it is gone the one that signed last; "" where none did yet."""
    row, last = _newest(), Seal.objects.order_by("-number").first()
    return row.key if row else last.key if last else ""


def _newest() -> TrailKey | None:
    return TrailKey.objects.order_by("-number").first()


def _first(config: Config) -> TrailKey:
    """The first key; of two processes that make it at once the later one takes that of the other. Raises Gone."""
    secret = _of_the_file(config.var)
    has_sealed = secret is not None and Seal.objects.filter(key=SigningKey(secret).id).exists()
    if not has_sealed and Seal.objects.exists():
        return _in_the_meantime()
    secret = secret or Ed25519PrivateKey.generate().private_bytes_raw()
    try:
        with transaction.atomic():
            return _put(1, secret, config)
    except IntegrityError:
        return TrailKey.objects.get(number=1)


def _in_the_meantime() -> TrailKey:
    """The key by which another process has sealed since it was looked for. Raises Gone where there is none."""
    row = _newest()
    if row is None:
        raise Gone
    return row


def _put(number: int, secret: bytes, config: Config) -> TrailKey:
    key = SigningKey(secret).id
    sealed = _sealed(secret, key, boot.secret_key(config))
    return TrailKey.objects.create(number=number, key=key, sealed=sealed, since=clock.now())


def _sealed(secret: bytes, key: str, by: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(derive(by, _PURPOSE)).encrypt(nonce, secret, key.encode())


def _opened(row: TrailKey, config: Config) -> bytes:
    """The private half. What lies under a former secret is put under the present one."""
    sealed, present = bytes(row.sealed), boot.secret_key(config)
    for by in (present, *boot.former_keys(config)):
        try:
            secret = AESGCM(derive(by, _PURPOSE)).decrypt(sealed[:_NONCE], sealed[_NONCE:], row.key.encode())
        except InvalidTag:
            continue
        if by != present:
            again = _sealed(secret, row.key, present)
            TrailKey.objects.filter(number=row.number, sealed=sealed).update(sealed=again)
        return secret
    words = "the key of the trail lies under another secret, so nothing is sealed here"
    raise Locked(
        f"{words}; give web.secret_key the same value on all machines, or the former one in web.former_keys"
    )


def _of_the_file(var: Path) -> bytes | None:
    try:
        return bytes.fromhex((var / PRIVATE).read_text().strip())
    except FileNotFoundError:
        return None


def is_signed(signature: bytes, data: bytes, key: str) -> bool:
    """Whether the holder of the public key `key` (hex) signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
