"""Signed reply addresses, Message-IDs and links: what a letter carries so that its answer finds the task (pure).

A token is an HMAC over (version, purpose, task reference, recipient). It proves the task and for whom the letter was; what its
holder may do is decided by what that recipient is to the task (task/rights.py), never by the token alone.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, get_args

import msgspec

from orgo.lib import ids

# Of what is signed: letters stay answerable for years, so a change of it is a new number, and the former ones stay good.
VERSION = ("v2",)
Purpose = Literal["reply", "mid", "take"]
_BEGINS = {purpose: ids.counted(*VERSION, purpose) for purpose in get_args(Purpose)}
_TAG = re.compile(r"^[^@+]+\+([0-9A-Za-z]{6})\.([0-9A-Za-z]{26})@", re.ASCII)
# Shorter than a token's, for a local part has 64 characters at most (RFC 5321 section 4.5.3.1.1): 80 bits.
_SHORT = 16
_BOUNCE = re.compile(rf"^[^@+]+\+b([0-9]{{1,20}})\.[0-9A-Za-z]{{{_SHORT}}}@", re.ASCII | re.IGNORECASE)
# A signature as it stands in mail, a line's end of quoted-printable or of a quotation within it included. Each begins
# with what is fixed, which is found fast.
_LETTERS = r"[0-9A-Za-z](?:(?:=?\r?\n[> \t]{0,20})?[0-9A-Za-z]){25}"
_SECRETS = (
    re.compile(rf"()sig(?:=3D|=|%3D|%253D|-3D){_LETTERS}"),
    re.compile(rf"(\.)(?=[0-9A-Za-z]{{8}}){_LETTERS}(?=@|%40|=40)"),
    re.compile(rf"(\+b[0-9]{{1,20}}\.)[0-9A-Za-z]{{{_SHORT}}}(?=@|%40|=40)"),
)
_MID = re.compile(r"<([0-9A-Za-z]{6})\.([0-9]{1,20})\.([0-9A-Za-z]{26})@[^<>@\s]+>", re.ASCII)


class Claim(msgspec.Struct, frozen=True):
    """What an address or Message-ID claims: a task's reference and a signature that is still to be checked.

    `letter` is the letter's id where the claim came from a Message-ID, else None.
    """

    reference: str
    signature: str
    purpose: Purpose
    letter: int | None = None


class Signer:
    """Makes and checks the tokens of one installation: makes them by `key`, checks them by the `former` keys too."""

    def __init__(self, key: bytes, *former: bytes) -> None:
        self._key = key
        self._keys = (key, *former)

    def sign(self, purpose: Purpose, reference: str, recipient: str) -> str:
        """The signature of a token, 26 letters (130 bits)."""
        return ids.signature(self._key, _BEGINS[purpose] + _counted(reference, recipient))

    def signatures(self, purpose: Purpose, reference: str, recipient: str) -> Iterator[str]:
        """All signatures that are good for this: of each key, in this version and the first, which had no number."""
        parts = (purpose, reference.upper(), recipient.lower())
        for key in self._keys:
            yield ids.sign(key, *VERSION, *parts)
            yield ids.sign(key, *parts)

    def holds(self, claim: Claim, recipient: str) -> bool:
        """Whether the claim was made by us for this recipient (compared in constant time)."""
        good = self.signatures(claim.purpose, claim.reference, recipient)
        return any(ids.same(claim.signature.lower(), one) for one in good)

    def reply_address(self, base: str, reference: str, recipient: str) -> str:
        """`base` with a plus tag that finds the task again: orgo@x becomes orgo+7QK3MD.<signature>@x."""
        local, _, domain = base.rpartition("@")
        return (
            f"{local.split('+')[0]}+{reference.lower()}.{self.sign('reply', reference, recipient)}@{domain}"
        )

    def return_path(self, base: str, letter: int) -> str:
        """Where a letter comes back to: `base` with a plus tag that names the letter, orgo+b<number>.<signature>@x."""
        local, _, domain = base.rpartition("@")
        tag = f"b{letter}.{ids.sign(self._key, 'bounce', str(letter))[:_SHORT]}"
        return f"{local.split('+')[0]}+{tag.lower()}@{domain}"

    def message_id(self, reference: str, letter: int, recipient: str, domain: str) -> str:
        """The Message-ID of a letter: <reference.letter.signature@domain>."""
        return f"<{reference.lower()}.{letter}.{self.sign('mid', reference, recipient)}@{domain}>"


@lru_cache(64)
def _counted(reference: str, recipient: str) -> bytes:
    """What the three signatures of a letter have in common."""
    return ids.counted(reference.upper(), recipient.lower())


def claim_of_address(address: str) -> Claim | None:
    """The claim in a plus tag, if the address has one of ours."""
    found = _TAG.match(address.strip()) if "+" in address else None
    return Claim(found[1].upper(), found[2], "reply") if found else None


def letter_of_return_path(address: str) -> int | None:
    """The letter that a return path names; whether it is ours shows when it is compared with the letter's own."""
    found = _BOUNCE.match(address.strip()) if "+" in address else None
    return int(found[1]) if found else None


def claim_of_message_id(message_id: str) -> Claim | None:
    """The claim in a Message-ID, if it has the form of ours."""
    found = _MID.fullmatch(message_id.strip())
    return Claim(found[1].upper(), found[3], "mid", int(found[2])) if found else None


def masked(text: str, by: str = "…") -> str:
    """A text without what its reader could act with: the signatures of links, addresses and Message-IDs of ours in it.

    Mail that answers a letter quotes them, and they are for the one whom the letter was written to. `by` stands in
    their place.
    """
    for secret in _SECRETS:
        text = secret.sub(lambda found: found[1] + by, text)
    return text


def root_id(reference: str, domain: str) -> str:
    """The Message-ID that all letters about a task refer to, so that a mail client shows one conversation."""
    return f"<{reference.lower()}.task@{domain}>"
