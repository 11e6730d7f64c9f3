"""The key that signs seals: Ed25519 (RFC 8032), made once; var/audit.key is for its owner alone, var/audit.pub for everybody."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PRIVATE, PUBLIC = "audit.key", "audit.pub"


class SigningKey:
    """Signs for this installation. `id` is the public key itself, in hex: what a seal names as its key."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.id = self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(data)


def signing_key(var: Path) -> SigningKey:
    """The key in the folder `var`; made where there is none yet. Raises OSError where it can't be kept."""
    file = var / PRIVATE
    if not file.exists():
        var.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes_raw()
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(made.hex())
        except FileExistsError:
            pass
    key = SigningKey(bytes.fromhex(file.read_text().strip()))
    if not (var / PUBLIC).exists():
        (var / PUBLIC).write_text(f"{key.id}\n")
    return key


def is_signed(signature: bytes, data: bytes, key: str) -> bool:
    """Whether the holder of the public key `key` (hex) signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
