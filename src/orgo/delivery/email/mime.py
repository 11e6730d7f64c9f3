"""A parcel as RFC 5322 bytes, the same each time: nothing random and nothing of the moment goes in (pure).

Every header value passes `clean_header`, and the finished bytes are read again and compared, so that no value can
bring a header of its own (CVE-2024-6923; measured on CPython 3.11.7).
"""

import email
import hashlib
import mimetypes
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from orgo.delivery.ports import DeliveryError, Parcel
from orgo.lib.text import clean_header

_POLICY = policy.SMTP.clone(max_line_length=200, cte_type="7bit")


def build(parcel: Parcel, from_address: str, from_name: str) -> bytes:
    """The parcel's bytes with CRLF line ends, from `from_name <from_address>`.

    Raises DeliveryError (permanent) when the bytes would not say exactly what they should.
    """
    message = EmailMessage(policy=_POLICY)
    headers = _headers(parcel, from_address, from_name)
    for name, value in headers.items():
        message[name] = value
    message.set_content(parcel.text, cte="quoted-printable")
    if parcel.html:
        message.add_alternative(parcel.html, subtype="html", cte="quoted-printable")
    for name, data in parcel.attachments:
        _attach(message, name, data)
    _fix_boundaries(message, parcel.message_id)
    data = message.as_bytes()
    _check(data, headers)
    return data


def _headers(parcel: Parcel, from_address: str, from_name: str) -> dict[str, str]:
    local, _, domain = from_address.rpartition("@")
    sender = str(Address(clean_header(from_name), local, domain))
    values = {
        "From": sender,
        "To": parcel.recipient,
        "Subject": parcel.subject,
        "Date": format_datetime(parcel.date),
        "Message-ID": parcel.message_id,
        **parcel.headers,
    }
    return {name: clean_header(value) for name, value in values.items()}


def _attach(message: EmailMessage, name: str, data: bytes) -> None:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    message.add_attachment(data, maintype=main, subtype=sub, filename=clean_header(name))


def _fix_boundaries(message: EmailMessage, seed: str) -> None:
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(hashlib.sha256(f"{seed}{number}".encode()).hexdigest()[:40])


def _check(data: bytes, wanted: dict[str, str]) -> None:
    found = {name.lower() for name in email.message_from_bytes(data, policy=policy.compat32).keys()}
    allowed = {name.lower() for name in wanted} | {"mime-version", "content-type", "content-transfer-encoding"}
    if not found <= allowed or not {name.lower() for name in wanted} <= found:
        raise DeliveryError("the letter's headers are not what they should be", permanent=True)
