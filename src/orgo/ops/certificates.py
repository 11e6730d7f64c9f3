"""Until when the certificates of the configured servers are good: noted by whoever has just connected to one of them."""

import logging
import socket
import ssl
from datetime import datetime
from urllib.parse import urlsplit

from orgo.conf.config import Config
from orgo.lib.tls import good_until

log = logging.getLogger("orgo.certificates")
TIMEOUT = 10.0
_HTTPS = 443


def note(server: str, until: datetime | None) -> None:
    """`server` (host:port) has just shown a certificate; None: it has none. Never raises: mail is more urgent."""
    from django.db import DatabaseError

    from orgo.ops.models import Certificate

    try:
        # Looked up first: a statement that writes would wait for the database's lock each time.
        known = Certificate.objects.filter(pk=server).values_list("until", flat=True).first()
        if until is not None and until != known:
            Certificate.objects.update_or_create(server=server, defaults={"until": until})
    except DatabaseError as error:
        log.warning("the end of the certificate of %s could not be noted: %s", server, error)


def ends(config: Config) -> dict[str, datetime]:
    """What is known of the servers that are configured."""
    from orgo.ops.models import Certificate

    return dict(Certificate.objects.filter(pk__in=servers(config)).values_list("server", "until"))


def servers(config: Config) -> list[str]:
    """The mail servers, and the page's own address where that is https (host:port)."""
    places = [(account.host, account.port) for account in config.accounts]
    places += [(config.smtp.host, config.smtp.port)] if config.smtp else []
    own = page(config)
    return [f"{host}:{port}" for host, port in [*places, *([own] if own else [])]]


def page(config: Config) -> tuple[str, int] | None:
    """Host and port that people reach the page at by https; None where it is http."""
    parts = urlsplit(config.web.url)
    return (parts.hostname or "", parts.port or _HTTPS) if parts.scheme == "https" else None


def of_page(host: str, port: int) -> datetime | None:
    """Until when the certificate there is good. Raises OSError, which an ssl.SSLError is too."""
    with (
        socket.create_connection((host, port), timeout=TIMEOUT) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as way,
    ):
        return good_until(way)


def look_at_page(config: Config) -> int:
    """Connect to the page as people do and note its certificate; one that can't be had is left to `orgo doctor`."""
    own = page(config)
    if own is None:
        return 0
    try:
        note(f"{own[0]}:{own[1]}", of_page(*own))
    except OSError as error:
        log.info("the page's certificate at %s:%s could not be looked at: %s", *own, error)
    return 0
