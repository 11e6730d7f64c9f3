"""The key that signs seals: Ed25519 (RFC 8032), one for each database, in which it lies under the installation's secret.

So all machines that work on one database sign alike, and who has the database alone can't sign (docs/adr/0019-trail-key.md).
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, transaction

from orgo.audit.models import TrailKey, record
from orgo.conf import boot
from orgo.conf.config import Config
from orgo.lib import clock
from orgo.lib.keys import derive

# Before one key served a whole database it lay in this file; the first process that seals takes it over.
PRIVATE, PUBLIC = "audit.key", "audit.pub"
_PURPOSE = "audit key"
_NONCE = 12


class Locked(Exception):
    """The database's key can't be opened with this machine's secret."""


class SigningKey:
    """Signs for this installation. `id` is the public key itself, in hex: what a seal names as its key."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.id = self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(data)


def signing_key(config: Config) -> SigningKey:
    """The key of the connected database, made where it has none yet; its public half is written to var/audit.pub.

    Raises Locked where it lies under another secret, OSError where var can't be written.
    """
    row = _newest() or _first(config)
    secret = _opened(row, config)
    key = SigningKey(secret)
    file, text = config.var / PUBLIC, f"{key.id}\n"
    if not file.exists() or file.read_text() != text:
        config.var.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return key


def newest(config: Config) -> str | None:
    """Which key signs now (its public half, hex); None where none was made yet. Raises Locked."""
    row = _newest()
    if row is None:
        return None
    _opened(row, config)
    return row.key


def renew(config: Config, actor: str) -> SigningKey:
    """From now on another key signs: the one before is lost with its secret, or is no longer only ours."""
    with transaction.atomic():
        before = _newest()
        made = _put(
            (before.number if before else 0) + 1, Ed25519PrivateKey.generate().private_bytes_raw(), config
        )
        record("audit.key_renewed", actor=actor, key=made.key, before=before.key if before else "")
    return signing_key(config)


def _newest() -> TrailKey | None:
    return TrailKey.objects.order_by("-number").first()


def _first(config: Config) -> TrailKey:
    """The first key; of two processes that make it at once the later one takes that of the other."""
    secret = _of_the_file(config.var) or Ed25519PrivateKey.generate().private_bytes_raw()
    try:
        with transaction.atomic():
            return _put(1, secret, config)
    except IntegrityError:
        return TrailKey.objects.get(number=1)


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
