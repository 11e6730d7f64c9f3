"""A mailbox in trouble: the state says which, the words say what to do, no password goes where it must not."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from imapclient import SocketTimeout

from orgo.intake.mailbox.ports import AuthFailed, Certificate, FolderMissing, Malformed, NoTls, Unreachable
from tests.integration.mailbox.conftest import leak
from tests.servers.dovecot import PASSWORD

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture
def silent():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def failing(there, kind):
    """Look once, which fails so; returns the words and the row."""
    with pytest.raises(kind) as found:
        there.fetch()
    row = there.row()
    assert row.state == kind.state
    assert row.detail == str(found.value)[:300]
    assert PASSWORD not in row.detail
    return row.detail, row


def test_a_wrong_password_is_said_and_the_account_is_left_alone_for_a_while(box, office):
    """bad input 51."""
    there = box(password="no")
    words, row = failing(there, AuthFailed)
    assert there.user in words
    assert row.failures == 1
    assert 60 <= (row.next_try_at - office.clock.now()).total_seconds() <= 75
    _, row = failing(there, AuthFailed)
    assert row.failures == 2
    assert 120 <= (row.next_try_at - office.clock.now()).total_seconds() <= 150


def test_when_it_is_over_the_row_says_so(box, office):
    there = box()
    failing(there.with_(host="127.0.0.1", port=1), Unreachable)
    since = there.row().since
    office.clock.advance(hours=1)
    there.fetch()
    row = there.row()
    assert (row.state, row.detail, row.failures, row.next_try_at) == ("ok", "", 0, None)
    assert row.since > since


def test_a_server_that_says_nothing_is_given_up(box, silent, monkeypatch):
    """bad input 54."""
    from orgo.intake.mailbox import signin

    monkeypatch.setattr(signin, "TIMEOUT", 0.2)
    words, _ = failing(box(port=silent), Unreachable)
    assert "did not answer" in words


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_of_a_port_that_says_nothing_without_tls_it_is_said_that_it_may_want_it_first(
    box, dovecot, monkeypatch, protocol
):
    """993 and 995 are known; on another port Orgo waits for a greeting, and such a server for the first words of TLS."""
    from orgo.intake.mailbox import pop3, signin

    for module in (signin, pop3):
        monkeypatch.setattr(module, "TIMEOUT", 0.5)
    port = dovecot.imaps if protocol == "imap" else dovecot.pop3s
    words, _ = failing(box(port=port, protocol=protocol, tls="starttls"), Unreachable)
    assert "did not answer" in words and "--tls implicit" in words


def test_of_a_port_that_says_nothing_to_tls_nothing_is_guessed(box, silent, monkeypatch):
    from orgo.intake.mailbox import signin

    monkeypatch.setattr(signin, "TIMEOUT", 0.2)
    words, _ = failing(box(port=silent, tls="implicit"), Unreachable)
    assert "did not answer" in words and "--tls" not in words


def test_a_folder_that_is_not_there_is_named_with_those_that_are(box):
    """bad input 57."""
    there = box(folders=["Suport"])
    there.put(leak(1), folder="Support")
    words, _ = failing(there, FolderMissing)
    assert "'Suport'" in words and "there are: Support, INBOX" in words


def test_a_certificate_of_an_unknown_authority_is_refused_and_of_the_given_one_believed(box, dovecot):
    """bad input 52."""
    there = box(port=dovecot.imaps, tls="implicit")
    words, _ = failing(there, Certificate)
    assert "self-signed" in words and "ca_file" in words
    there.with_(ca_file=dovecot.certificate).fetch()
    assert there.row().state == "ok"


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_another_host_is_refused(box, dovecot, tls):
    """bad input 52."""
    port = dovecot.imaps if tls == "implicit" else dovecot.imap
    there = box(host="127.0.0.1", port=port, tls=tls, ca_file=dovecot.certificate)
    words, _ = failing(there, Certificate)
    assert "127.0.0.1" in words and "host" in words


@pytest.fixture
def expired(tmp_path):
    """A certificate for localhost that was good until yesterday, with its key in the same file."""
    key, yesterday = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) - timedelta(days=1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(yesterday - timedelta(days=9)).not_valid_after(yesterday)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = serialization.Encoding.PEM
    kept = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path / "expired.pem"
    file.write_bytes(kept + made.sign(key, hashes.SHA256()).public_bytes(pem))
    return file


def test_a_certificate_that_has_expired_is_refused(box, expired):
    """bad input 52: its authority is believed, and it still is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(expired)

    def shake_hands(server):
        with contextlib.suppress(OSError):
            context.wrap_socket(server.accept()[0], server_side=True).recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=shake_hands, args=[server], daemon=True).start()
        there = box(port=server.getsockname()[1], tls="implicit", ca_file=expired)
        words, _ = failing(there, Certificate)
    assert "expired" in words


def test_starttls_is_verified_too(box, dovecot):
    there = box(tls="starttls", ca_file=dovecot.certificate).live()
    there.put(leak(1))
    assert there.fetch() == 1


def test_a_port_that_does_not_speak_tls_is_not_given_the_password(box, dovecot):
    """bad input 53."""
    failing(box(tls="implicit", ca_file=dovecot.certificate), NoTls)


def test_a_certificate_file_that_cannot_be_read_is_named(box, dovecot, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    words, _ = failing(box(port=dovecot.imaps, tls="implicit", ca_file=tmp_path / "ca.pem"), Certificate)
    assert "ca.pem" in words


def test_user_names_as_exchange_wants_them_go_as_they_are(box, dovecot):
    """AUTHENTICATE and LOGIN alike; the backslash is no word of the protocol by itself."""
    from orgo.intake.mailbox import signin
    from orgo.intake.mailbox.deadline import deadline

    there = box(username='CITY\\orgo\\shared "box"')
    client = signin.connect(there.account)
    client.select_folder("INBOX")
    client.logout()
    with deadline("dovecot", 10) as guard:
        client = signin.Client(guard, "127.0.0.1", dovecot.imap, ssl=False, timeout=SocketTimeout(10, 10))
    client._cached_capabilities = (b"IMAP4REV1",)
    signin._way_in(client, there.account)()
    client.select_folder("INBOX")
    client.logout()
    assert (dovecot.base / "mail" / there.user.lower()).is_dir()


def test_a_mail_that_is_longer_than_the_server_said_is_not_taken(box, monkeypatch):
    """4 GB announced would be 4 GB of memory: the limit is what the server itself said before, with some room."""
    from orgo.intake.mailbox import imap

    there = box().live()
    there.put(leak(1, body="x" * 5000))
    monkeypatch.setattr(imap, "SLACK", -9000)
    words, _ = failing(there, Malformed)
    assert "announced" in words
    assert there.outcomes() == []
    monkeypatch.undo()
    assert there.fetch() == 1


def test_a_missing_folder_does_not_keep_the_others_from_being_read(box):
    there = box(folders=["INBOX", "Gone", "Old"]).live()
    there.put(leak(1))
    there.put(leak(2), folder="Old")
    assert there.fetch() == 2
    row = there.row()
    assert (row.state, row.failures, row.next_try_at) == ("folder", 0, None)
    assert "'Gone'" in row.detail
    there.with_(folders=("INBOX", "Old")).fetch()
    assert there.row().state == "ok"
