"""Keys for different purposes from one secret, so that a signature made for one use is worth nothing for another."""

import hashlib
import hmac


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for `purpose`, from the installation's secret."""
    return hmac.digest(hashlib.sha256(secret.encode()).digest(), purpose.encode(), "sha256")
