"""Until when servers' certificates are good is noted by whoever connects to them anyway."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from orgo.conf.config import Mailbox as Account
from orgo.conf.config import Smtp
from orgo.delivery.email.courier import EmailCourier
from orgo.ops import certificates
from tests.office import Office
from tests.servers.dovecot import PASSWORD, Dovecot, make_certificate
from tests.servers.scripted import Script, Scripted, hears


def noted() -> dict[str, datetime]:
    from orgo.ops.models import Certificate

    return dict(Certificate.objects.values_list("server", "until"))


def end_of(file: Path) -> datetime:
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize(
    ("protocol", "tls", "port"),
    [
        ("imap", "implicit", "imaps"),
        ("imap", "starttls", "imap"),
        ("pop3", "implicit", "pop3s"),
        ("imap", "none", "imap"),
    ],
)
def test_a_mailboxs_server(office: Office, dovecot: Dovecot, protocol: str, tls: str, port: str) -> None:
    from orgo.ops.mailboxes import Mailboxes

    given = {
        "host": "localhost",
        "port": getattr(dovecot, port),
        "username": "watched@city.example",
        "password": PASSWORD,
        "protocol": protocol,
        "tls": tls,
        "ca_file": dovecot.certificate,
    }
    config = office.config.model_copy(update={"mailboxes": (Account.model_validate(given),)})
    Mailboxes(config).watchers[0].fetch()

    expected = {} if tls == "none" else {f"localhost:{given['port']}": end_of(dovecot.certificate)}
    assert noted() == expected


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, its key beside it."""
    made = tmp_path / "cert.pem"
    make_certificate(made, tmp_path / "key.pem", "localhost", days=9)
    return made


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def test_the_server_that_letters_leave_by(office: Office, certificate: Path) -> None:
    from orgo.ops.up import courier_for

    hello: Script = (b"220 mx.example ready\r\n", hears("EHLO"), b"250 mx.example\r\n", "silence")
    with Scripted(hello, context=context_of(certificate)) as server:
        place = {"host": "localhost", "port": server.port, "tls": "implicit", "ca_file": certificate}
        smtp = Smtp.model_validate({**place, "from": "orgo@city.example"})
        courier = courier_for(office.config.model_copy(update={"smtp": smtp})).courier
        assert isinstance(courier, EmailCourier)
        courier.try_out()
        courier._abort()

    assert noted() == {f"localhost:{server.port}": end_of(certificate)}


def test_the_pages_own_as_people_see_it(
    office: Office, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Scripted(("silence",), context=context_of(certificate)) as server:
        url = f"https://localhost:{server.port}"
        web = office.config.web.model_copy(update={"public_url": url})
        config = office.config.model_copy(update={"web": web})
        certificates.look_at_page(config)

    assert certificates.ends(config) == {f"localhost:{server.port}": end_of(certificate)}
    certificates.look_at_page(config)  # it is away now: what is known stays, and nothing is raised
    assert noted() == {f"localhost:{server.port}": end_of(certificate)}


def test_a_renewed_certificate_takes_the_place_of_the_former(office: Office) -> None:
    first, second = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 12))
    for until in (first, second, second, None):
        certificates.note("imap.example:993", until)

    assert noted() == {"imap.example:993": second}


def test_a_database_that_is_away_for_a_moment_holds_no_letter_up(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import OperationalError

    from orgo.ops.models import Certificate

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(Certificate.objects, "filter", locked)
    certificates.note("imap.example:993", datetime(2026, 10, 1, tzinfo=UTC))

    assert "could not be noted: database is locked" in caplog.text
