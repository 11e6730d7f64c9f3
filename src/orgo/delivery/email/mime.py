"""A parcel as RFC 5322 bytes, the same each time: nothing random and nothing of the moment goes in (pure).

Python's modern email policy reads encoded words in values that are set, and so lets a plain incoming Subject or file
name bring headers of its own (measured on CPython 3.11.7, the class of CVE-2024-6923). Here values are never read:
each is cleaned, then encoded, and the finished bytes are looked at once more.
"""

import email
import hashlib
import mimetypes
from email import charset, encoders, policy
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import encode_rfc2231, format_datetime
from io import BytesIO

import idna

from orgo.delivery.ports import DeliveryError, Parcel
from orgo.lib.text import clean_header

_WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=998)
_QUOTED = charset.Charset("utf-8")
_QUOTED.body_encoding = charset.QP


def build(parcel: Parcel, from_address: str, from_name: str) -> bytes:
    """The parcel's bytes with CRLF line ends, from `from_name <from_address>`.

    Raises DeliveryError (permanent) when the bytes would not say exactly what they should.
    """
    message = _body(parcel)
    headers = _headers(parcel, from_address, from_name)
    for name, value in headers.items():
        message[name] = value
    _fix_boundaries(message, parcel.message_id)
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_WIRE).flatten(message)
    data = out.getvalue()
    _check(data, set(headers))
    return data


def _body(parcel: Parcel) -> Message:
    text: Message = MIMEText(parcel.text, "plain", _QUOTED)  # type: ignore[arg-type]
    if parcel.html:
        both = MIMEMultipart("alternative")
        both.attach(text)
        both.attach(MIMEText(parcel.html, "html", _QUOTED))  # type: ignore[arg-type]
        text = both
    if not parcel.attachments:
        return text
    whole = MIMEMultipart("mixed")
    whole.attach(text)
    for name, data in parcel.attachments:
        whole.attach(_attachment(name, data))
    return whole


def _headers(parcel: Parcel, from_address: str, from_name: str) -> dict[str, str]:
    name = (
        encoded(from_name) if _needs_encoding(clean_header(from_name)) else _quoted(clean_header(from_name))
    )
    values = {
        "From": f"{name} <{clean_header(from_address)}>" if from_name else clean_header(from_address),
        "To": _raw(wire_address(parcel.recipient)),
        "Subject": encoded(parcel.subject),
        "Date": format_datetime(parcel.date),
        "Message-ID": clean_header(parcel.message_id),
    }
    return values | {clean_header(name): clean_header(value) for name, value in parcel.headers.items()}


def encoded(text: str) -> str:
    """A header's text: as it is where it is plain ASCII, else as encoded words (RFC 2047), never read as some."""
    clean = clean_header(text)
    return Header(clean, "utf-8", maxlinelen=70).encode(linesep="\r\n") if _needs_encoding(clean) else clean


def _needs_encoding(text: str) -> bool:
    return not text.isascii() or "=?" in text or len(text) > 900


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wire_address(recipient: str) -> str:
    """One address as servers are given it, its domain as A-labels; not ASCII only where the local part is not.

    Raises DeliveryError (permanent) for anything but one address: no name, no list, no space (RFC 5321 section 4.1.2).
    """
    if (
        clean_header(recipient) != recipient
        or any(letter in recipient for letter in ' ,;<>"()')
        or recipient.count("@") != 1
    ):
        raise DeliveryError("the recipient is not one mail address", permanent=True)
    local, _, domain = recipient.rpartition("@")
    if domain.isascii():
        return recipient
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as error:
        raise DeliveryError("the recipient's domain is none", permanent=True) from error


def _raw(address: str) -> str:
    """What is not ASCII goes out as UTF-8: in an address no encoded words are allowed (RFC 6532, RFC 2047 section 5)."""
    return address.encode().decode("ascii", "surrogateescape")


def _attachment(name: str, data: bytes) -> MIMEBase:
    main, _, sub = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
    part = MIMEBase(main, sub)
    part.set_payload(data)
    encoders.encode_base64(part)
    part["Content-Disposition"] = f"attachment; filename*={encode_rfc2231(clean_header(name), 'utf-8')}"
    return part


def _fix_boundaries(message: Message, seed: str) -> None:
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(hashlib.sha256(f"{seed}{number}".encode()).hexdigest()[:40])


def _check(data: bytes, wanted: set[str]) -> None:
    found = [name.lower() for name in email.message_from_bytes(data, policy=policy.compat32).keys()]  # noqa: SIM118 - a name may come twice
    lower = {name.lower() for name in wanted}
    allowed = lower | {"mime-version", "content-type", "content-transfer-encoding"}
    if not set(found) <= allowed or not lower <= set(found) or len(found) != len(set(found)):
        raise DeliveryError("the letter's headers are not what they should be", permanent=True)
