"""The servers that the configuration names, and who is at Orgo's own addresses."""

import hashlib
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
from django.conf import settings

from orgo.conf import Config, boot
from orgo.conf.config import Mailbox
from orgo.lib.local import local
from orgo.ops import certificates, probe
from orgo.ops.doctor.database import is_there
from orgo.ops.doctor.finding import Finding

PATIENCE = 10.0
CERTIFICATE_DAYS = 14
_AT_ONCE = 8


def mailboxes(config: Config) -> Iterator[Finding]:
    """Whether each mailbox's server is there, shows a certificate to believe, and lets Orgo in; all at once."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        yield from pool.map(_mailbox, config.accounts)


def _mailbox(account: Mailbox) -> Finding:
    from django.db import connections

    from orgo.intake.mailbox.dial import open_session
    from orgo.intake.mailbox.ports import MailboxError

    try:
        session = open_session(account)
    except MailboxError as error:
        todo = _todo(str(error)) or _MAILBOX.get(error.state, f"orgo mailbox test {account.name}")
        return Finding("mailboxes", "fail", f"{account.name}: {error}", todo)
    finally:
        if settings.configured:
            connections.close_all()  # of this thread
    session.close()
    words = f"{account.name} is let in by {account.host}:{account.port}"
    return _with_certificate("mailboxes", words, session.good_until, account.tls != "none")


_MAILBOX = {
    "auth_failed": "mend username and password (or the application's consent) of this mailbox",
    "unreachable": "is the network there, and host and port right?",
    "tls": "key tls of this mailbox",
}


def _todo(words: str) -> str:
    """What to do for a certificate that is not believed, by OpenSSL's words; "" for other trouble."""
    return next((todo for said, todo in _CERTIFICATE.items() if said in words.lower()), "")


_CERTIFICATE = {
    "expired": "have the server's certificate renewed",
    "mismatch": "give in host: a name that the certificate has",
    "not valid for": "give in host: a name that the certificate has",
    "self-signed": "give ca_file: with the certificate of the authority that signed it",
    "self signed": "give ca_file: with the certificate of the authority that signed it",
    "issuer certificate": "give ca_file: with the certificate of the authority, or have the server send the whole chain",
}


def _with_certificate(name: str, words: str, until: datetime | None, wanted: bool = True) -> Finding:
    if until is None:
        return Finding(name, "warn" if wanted else "ok", f"{words}, without TLS")
    days = (until - datetime.now(UTC)).days
    words = f"{words}, its certificate is good for {days} days"
    if days < CERTIFICATE_DAYS:
        return Finding(name, "warn", words, "have it renewed")
    return Finding(name, "ok", words)


def smtp(config: Config) -> Iterator[Finding]:
    """Whether the server that letters leave by is there, shows a certificate to believe, and lets Orgo in."""
    if config.smtp is None:
        yield Finding("smtp", "warn", "no server is given, so letters wait", "give smtp: in config.yaml")
        return
    from orgo.delivery.email.courier import EmailCourier
    from orgo.ops.up import smtp_server

    where = f"{config.smtp.host}:{config.smtp.port}"
    seen: list[datetime | None] = []
    server = msgspec.structs.replace(smtp_server(config), timeout=PATIENCE)
    courier = EmailCourier(server, seen.append)
    try:
        courier.try_out()
    except Exception as error:
        todo = _todo(str(error)) or "mend smtp: in config.yaml, or the server"
        yield Finding("smtp", "fail", f"{where}: {type(error).__name__}: {error}", todo)
    else:
        way_in = "lets Orgo in" if config.smtp.username else "answers"
        yield _with_certificate("smtp", f"{where} {way_in}", seen[0], config.smtp.tls != "none")
    finally:
        courier.close()


def page(config: Config) -> Iterator[Finding]:
    """Whether people's browsers will believe the certificate of the page's own address, where that is https."""
    own = certificates.page(config)
    if own is None:
        return
    where = f"{own[0]}:{own[1]}"
    try:
        until = certificates.of_page(*own)
    except ssl.SSLError as error:
        words = f"the certificate of {where} is not believed: {getattr(error, 'verify_message', error)}"
        yield Finding(
            "page", "fail", words, _todo(words).replace("host:", "web.public_url") or "mend the proxy's TLS"
        )
    except OSError as error:
        words = f"{where} (web.public_url) can't be reached from here: {error.strerror or error}"
        yield Finding(
            "page", "warn", words, "does the reverse proxy run? (It may well be closed to this machine.)"
        )
    else:
        yield _with_certificate("page", f"{where} answers", until)


def answers(config: Config) -> Iterator[Finding]:
    """Whether mail to an address with a plus tag arrives, as every answer and bounce does."""
    base = config.smtp.replies_to if config.smtp else None
    account = next((one for one in config.accounts if one.receives == base), None) if base else None
    if account is None or not is_there(config):
        return
    boot.start(config)
    from orgo.flow.canary import tried_as_answers

    tried, home = tried_as_answers(str(base))
    plus = str(base).replace("@", "+..@")
    if tried is None:
        words = f"nobody has tried whether mail to {plus} arrives, where answers and bounces come"
        yield Finding("answers", "warn", words, f"canary: {{mailbox: {account.name}}} in config.yaml")
    elif home:
        yield Finding("answers", "ok", f"a probe mail to {plus} came back")
    else:
        words = f"the probe mail to {plus} of {local(tried, config.organization.zone)} is not back"
        yield Finding("answers", "fail", words, "have the server deliver plus addresses")


def ports(config: Config) -> Iterator[Finding]:
    """Who is at Orgo's addresses: Orgo, nobody, or a program that is in the way."""
    smtp, web = config.intake.smtp, config.web
    places = [("web", web.host, web.port, probe.page)]
    places += [("intake.smtp", smtp.host, smtp.port, probe.mail_listener)] if smtp.enabled else []
    for key, host, port, look in places:
        who = look(host, port)
        words = f"{key} {host}:{port}: {_WHO[who]}"
        todo = f"stop the other program or give another {key}.port" if who == "another" else ""
        yield Finding("ports", "fail" if todo else "ok", words, todo)


_WHO = {"orgo": "Orgo answers", "nobody": "free, Orgo is not running", "another": "another program is there"}


def queue(config: Config) -> Iterator[Finding]:
    """Whether the broker is there and lets Orgo in, and which one it is."""
    if config.queue is None:
        yield Finding("queue", "ok", "none: jobs run in the same process")
        return
    place, up = probe.broker(config, patience=PATIENCE)
    if not up:
        yield Finding("queue", "fail", f"{place} does not answer", "start the broker, or mend queue:")
        return
    from orgo.ops.brokers import MEND, version

    try:
        yield Finding("queue", "ok", f"{place} lets Orgo in: {version(config, PATIENCE)}")
    except Exception as error:  # of its client library, whichever that is; its words may quote the address
        untrusted = _of_tls(error)
        if untrusted is not None:
            words = f"the certificate of {place} is not believed: {getattr(untrusted, 'verify_message', '') or untrusted}"
            todo = _todo(words).replace("ca_file:", "?ssl_ca_certs=FILE in queue:").replace("host:", "queue:")
            yield Finding("queue", "fail", words, todo or "does the broker speak TLS at that port?")
            return
        words = f"{place} answers, but does not let Orgo in ({type(error).__name__})"
        yield Finding("queue", "fail", words, MEND)


def _of_tls(error: BaseException | None) -> ssl.SSLError | None:
    """What TLS itself said, where that led to the error."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def large_mail(config: Config) -> Iterator[Finding]:
    """Whether the place of large mail takes a blob and gives it back, where there is one."""
    if config.blobs is None or not is_there(config):
        return
    boot.start(config)
    from orgo.intake.blobs import BlobAway, place_of

    place = place_of(config)
    assert place is not None
    try:
        place.put(_PROBE_NAME, _PROBE)
        place.get(_PROBE_NAME)
        place.set_aside(_PROBE_NAME, datetime.max.replace(tzinfo=UTC))
        place.drop(_PROBE_NAME)
        yield Finding("large mail", "ok", f"its place {config.blobs.to} can be written and read")
    except BlobAway as error:
        todo = "until it is back, new mail goes into the database, and what lies there waits"
        yield Finding("large mail", "fail", str(error), todo)


_PROBE = b"orgo doctor"  # no mail's bytes; where it is left behind, the sweep takes it
_PROBE_NAME = hashlib.sha256(_PROBE).hexdigest()
