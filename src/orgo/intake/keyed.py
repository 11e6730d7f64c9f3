"""A sender's own key of a mail (the header Idempotency-Key): good for a day, and for one envelope and its bytes only.

The key stands as the mail's receipt key, so that the store knows a second copy by it.
"""

import hashlib

from orgo.intake.models import Mail
from orgo.intake.store import SAME_WITHIN, Incoming, data_hash
from orgo.lib import clock

_ROOM: int = Mail._meta.get_field("receipt_key").max_length or 0


def receipt_key(user: int, key: str) -> str:
    """The receipt key of what this user sends under this key; the key's hash where the column has no room for all of it."""
    whole = f"http:{user}:{key}"
    return whole if len(whole) <= _ROOM else f"http:{user}:sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def is_of_another(mail: Incoming) -> bool:
    """Whether the mail's key was used within a day for another mail. A key that is older is free again from now on."""
    if mail.receipt_key is None:
        return False
    known = Mail.objects.filter(receipt_key=mail.receipt_key)
    known.filter(received_at__lt=clock.now() - SAME_WITHIN).update(receipt_key=None)
    return known.exclude(data_hash=data_hash(mail)).exists()
