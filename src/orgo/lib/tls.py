"""What a TLS connection says of the other side's certificate."""

import ssl
from datetime import UTC, datetime


def good_until(sock: object) -> datetime | None:
    """Until when the certificate is good that was checked on this connection; None without TLS, or unchecked."""
    known = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    return _instant(str(known["notAfter"])) if known else None


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
