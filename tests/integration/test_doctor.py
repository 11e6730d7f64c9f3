"""`orgo doctor` against real servers and real trouble: each check says how it is, and what to do."""

import re
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orgo.conf import Config, load
from orgo.ops.doctor import clocks, database, house, network, program, servers
from orgo.ops.doctor.finding import Finding
from tests.little_room import room_of
from tests.office import CONFIG, Office
from tests.servers.dns import answering
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.ports import free_port
from tests.servers.redis import Redis
from tests.servers.scripted import Script, Scripted, hears


def configured(office: Office, more: str, **environment: str) -> Config:
    """The office's house with more in its config.yaml."""
    from tests.database import environment as usual

    file = office.home / "config" / "config.yaml"
    file.write_text(CONFIG.format(port=1) + more)
    (office.home / "config" / "pw").write_text(PASSWORD)
    return load(office.home, {**usual(), **environment})


def one(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


# ---------------------------------------------------------------- mailboxes and certificates


def mailbox(office: Office, server: int, **keys: str) -> Finding:
    """What the doctor says of a mailbox on this server."""
    given = {
        "host": "localhost",
        "port": str(server),
        "username": "info@city.example",
        "password": "'file:pw'",
        **keys,
    }
    text = ", ".join(f"{key}: {value}" for key, value in given.items())
    return one(servers.mailboxes(configured(office, f"mailboxes: [{{{text}}}]\n")))


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize(("protocol", "port"), [("imap", "imaps"), ("pop3", "pop3s")])
def test_a_mailbox_that_is_well(office: Office, dovecot: Dovecot, protocol: str, port: str) -> None:
    found = mailbox(
        office, getattr(dovecot, port), protocol=protocol, tls="implicit", ca_file=str(dovecot.certificate)
    )

    assert f"info@city.example is let in by localhost:{getattr(dovecot, port)}" in found.words
    # Dovecot's certificate is one of a day or two: it ends soon.
    assert (found.state, found.todo) == ("warn", "have it renewed")


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize(
    ("keys", "words", "todo"),
    [
        ({}, "is not believed: self-signed certificate", "give ca_file:"),
        (
            {"host": "127.0.0.1", "ca_file": "CA"},
            "is not believed: IP address mismatch",
            "give in host: a name",
        ),
        (
            {"ca_file": "CA", "password": "'file:token'"},
            "does not let info@city.example in",
            "mend username and password",
        ),
        ({"tls": "none", "port": "CLOSED"}, "can't be reached", "is the network there"),
    ],
)
def test_a_mailbox_in_trouble(
    office: Office, dovecot: Dovecot, keys: dict[str, str], words: str, todo: str
) -> None:
    (office.home / "config" / "token").write_text("wrong")
    places = {"CA": str(dovecot.certificate), "CLOSED": str(free_port())}
    given = {key: places.get(value, value) for key, value in keys.items()}
    found = mailbox(office, dovecot.imaps, **{"tls": "implicit", **given})

    assert found.state == "fail" and words in found.words and todo in found.todo
    assert PASSWORD not in found.words


def tls(folder: Path, since: timedelta, until: timedelta) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for localhost, good between these instants from now."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


HELLO: Script = (
    b"220 mx.example ready\r\n",
    hears("EHLO"),
    b"250 mx.example\r\n",
    hears("QUIT"),
    b"221 bye\r\n",
)


@pytest.mark.parametrize(
    ("since", "until", "state", "words", "todo"),
    [
        (-1, 80, "ok", "its certificate is good for 79 days", ""),
        (-1, 9, "warn", "its certificate is good for 8 days", "have it renewed"),
        (-9, -1, "fail", "certificate has expired", "have the server's certificate renewed"),
    ],
)
def test_the_server_that_letters_leave_by(
    office: Office, tmp_path: Path, since: int, until: int, state: str, words: str, todo: str
) -> None:
    context = tls(tmp_path, timedelta(days=since), timedelta(days=until))
    with Scripted(HELLO, context=context) as server:
        more = f"host: localhost, port: {server.port}, tls: implicit, ca_file: {tmp_path}/cert.pem, from: o@city.example"
        found = one(servers.smtp(replaced(office, f"smtp: {{{more}}}\n")))

    assert (found.state, found.todo) == (state, todo) and words in found.words


def replaced(office: Office, smtp: str) -> Config:
    """The office's house with another `smtp:`."""
    text = CONFIG.partition("smtp: {{host")[0].format()
    (office.home / "config" / "config.yaml").write_text(text + smtp)
    return load(office.home, {})


def test_the_pages_own_certificate(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(("silence",), context=tls(tmp_path, timedelta(-1), timedelta(60))) as server:
        config = configured(office, f"web: {{public_url: 'https://localhost:{server.port}'}}\n")
        unknown = one(servers.page(config))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        known = one(servers.page(config))
    away = one(servers.page(configured(office, f"web: {{public_url: 'https://localhost:{free_port()}'}}\n")))

    assert unknown.state == "fail" and "is not believed" in unknown.words
    assert (known.state, "59 days" in known.words) == ("ok", True)
    assert away.state == "warn" and "can't be reached" in away.words
    assert [*servers.page(configured(office, ""))] == []


# ---------------------------------------------------------------- names


ZONE = {
    ("imap.city.example", "A"): "127.0.0.1",
    ("smtp.city.example", "A"): "127.0.0.1",
    ("city.example", "MX"): "10 mx.city.example.",
    ("bare.example", "A"): "127.0.0.1",
    ("empty.example", "TXT"): "nothing",
    ("closed.example", "MX"): "0 .",
}
PLACES = "host: {}, username: o@city.example, password: 'file:pw'"


@pytest.mark.parametrize(
    ("server", "domain", "state", "words"),
    [
        (
            "imap.city.example",
            "city.example",
            "ok",
            "imap.city.example, smtp.city.example: each has an address",
        ),
        ("imap.city.exmaple", "city.example", "fail", "imap.city.exmaple has no address"),
        ("imap.city.example", "bare.example", "ok", "each has an address"),
        ("imap.city.example", "empty.example", "warn", "mail to empty.example has no way"),
        ("imap.city.example", "closed.example", "fail", "closed.example says that it takes no mail"),
    ],
)
def test_names_that_dns_knows_or_not(
    office: Office, server: str, domain: str, state: str, words: str
) -> None:
    (office.home / "config" / "pw").write_text("x")
    smtp = f"smtp: {{host: smtp.city.example, from: orgo@{domain}}}\n"
    config = replaced(office, f"{smtp}mailboxes: [{{{PLACES.format(server)}}}]\n")
    with answering(ZONE):
        found = one(network.names(config))

    assert found.state == state and words in found.words


def test_without_any_dns_a_domains_way_is_not_known(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.resolver

    silent = dns.resolver.Resolver(configure=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        silent.nameservers, silent.port = ["127.0.0.1"], nobody.getsockname()[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", silent)
        monkeypatch.setattr(network, "PATIENCE", 0.2)
        found = one(network.names(replaced(office, "smtp: {host: 192.0.2.1, from: orgo@city.example}\n")))

    assert found.state == "warn" and "LifetimeTimeout" in found.words


# ---------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("off", "state", "words"), [(0, "ok", "as "), (120, "warn", "s behind "), (-3600, "fail", "s ahead of ")]
)
def test_the_clock_beside_a_mail_servers(
    office: Office, monkeypatch: pytest.MonkeyPatch, off: int, state: str, words: str
) -> None:
    monkeypatch.setattr(clocks, "is_kept", lambda: True)
    told = format_datetime(datetime.now(UTC) + timedelta(seconds=off))
    with Scripted((f"220 mx.example ESMTP Exim; {told}\r\n".encode(), "silence")) as server:
        config = replaced(office, f"smtp: {{host: 127.0.0.1, port: {server.port}, from: o@city.example}}\n")
        found = list(clocks.clocks(config))[-1]

    assert found.state == state and f"{words}127.0.0.1:{server.port}" in found.words
    assert off == 0 or seconds_in(found.words) == pytest.approx(abs(off), abs=25)


def seconds_in(words: str) -> int:
    number = re.search(r"is (\d+) s", words)
    assert number is not None
    return int(number[1])


@pytest.mark.of_postgresql
def test_the_clock_beside_the_databases(office: Office) -> None:
    assert "as the database's server says" in [found.words for found in clocks.clocks(office.config)]


def test_a_clock_that_nothing_keeps(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's kernel says is one of the three; then both answers, told."""
    assert clocks.is_kept() in (True, False, None)
    for kept, warned in ((False, True), (True, False), (None, False)):
        monkeypatch.setattr(clocks, "is_kept", lambda kept=kept: kept)
        words = [found.words for found in clocks.clocks(office.config) if found.state == "warn"]
        assert bool(words) == warned


# ---------------------------------------------------------------- database, trail, backups


@pytest.mark.of_postgresql
def test_a_postgresql_that_is_too_old(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one(database.database(office.config)).state == "ok"
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 990_000)
    assert one(database.database(office.config)).todo == "upgrade it to 14 or later"


def test_a_trail_whose_key_lies_under_another_secret(office: Office) -> None:
    from orgo.audit.keys import signing_key

    assert there(office, database.trail).words == "no key yet: the clock makes it"
    key = signing_key(office.config)
    assert key.id[:16] in there(office, database.trail).words
    found = there(office, database.trail, "web: {{secret_key: 'file:other'}}\n")
    assert found.state == "fail" and "web.former_keys" in found.words


def test_a_trail_whose_key_was_removed_or_replaced(office: Office) -> None:
    from orgo.audit.keys import PUBLIC, signing_key
    from orgo.audit.models import TrailKey
    from orgo.audit.seal import seal

    office.mail()
    seal(signing_key(office.config), office.config.var)
    (office.config.var / PUBLIC).write_text("07" * 32)
    found = there(office, database.trail)
    assert found.state == "fail" and "names the key 0707070707070707.." in found.words
    TrailKey.objects.all().delete()
    found = there(office, database.trail)
    assert found.state == "fail" and "orgo audit new-key" in found.words


def there(office: Office, look: Any, more: str = "") -> Finding:
    """What is found in a house whose database lies where the process's is."""
    (office.home / "config" / "other").write_text("another secret of the house, long enough to be one")
    config = configured(office, more.format())
    if config.sqlite_file is not None:  # the tests' database lies elsewhere
        config.sqlite_file.parent.mkdir(exist_ok=True)
        config.sqlite_file.touch()
    return one(look(config))


BACKUP = "backup: {{key: 'file:key', to: '/dev/shm', every: 1 day}}\n"


def test_backups_that_are_well_overdue_or_unable_to_leave(office: Office) -> None:
    from orgo.backup import state

    (office.home / "config" / "key").write_text("0123456789abcdef" * 4)
    assert there(office, house.last_backup, BACKUP).words == "none was made yet"
    state.made(office.clock.now())
    assert there(office, house.last_backup, BACKUP).state == "ok"
    state.away(2, "no route to host")
    away = there(office, house.last_backup, BACKUP)
    assert (
        away.state == "warn" and "2 can't leave since 2026-09-07 08:00+00:00: no route to host" in away.words
    )
    office.clock.advance(days=2)
    late = there(office, house.last_backup, BACKUP)
    assert (late.state, late.todo) == ("fail", "orgo backup create")
    assert one(house.backup(configured(office, ""))).state == "warn"


# ---------------------------------------------------------------- permissions, disk, versions


def test_what_others_may_write_or_read(office: Office) -> None:
    config = office.config
    (office.home / "var").mkdir(exist_ok=True)
    assert [found.state for found in house.permissions(config)] == ["ok"]
    rules = office.home / "config" / "rules.yaml"
    rules.chmod(0o646)
    words = [f"{found.state} {found.todo}" for found in house.permissions(config)]
    assert words[0] == f"fail chmod o-w {rules}"


@pytest.mark.of_sqlite
def test_a_database_that_everybody_may_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    file = load(office.home, {}).sqlite_file
    assert file is not None
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(0o644)
    ways = [folder for folder in file.parents if not folder.stat().st_mode & 0o001]
    assert ways[:1] == [file.parent]
    kept = [folder.stat().st_mode for folder in ways]
    try:
        for folder in ways:
            folder.chmod(0o755)
        (found, _) = house.permissions(load(office.home, {}))
    finally:
        for folder, mode in zip(ways, kept, strict=True):
            folder.chmod(mode)
    assert (found.state, found.todo) == ("warn", f"chmod o-rwx {file.parent}")
    assert one(house.permissions(load(office.home, {}))).state == "ok"


def test_a_disk_that_fills(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "LITTLE_SPACE", 10**18)
    assert one(house.disk(office.config)).state == "warn"
    monkeypatch.setattr(house, "NO_SPACE", 10**18)
    assert "mail is refused" in one(house.disk(office.config)).todo


def test_a_disk_without_room_for_the_largest_mail(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    smtp = office.config.intake.smtp.model_copy(update={"max_size": 500_000_000})
    intake = office.config.intake.model_copy(update={"smtp": smtp})
    room_of(monkeypatch)(700_000_000)
    assert one(house.disk(office.config)).state == "warn"
    assert one(house.disk(office.config.model_copy(update={"intake": intake}))).state == "fail"


def test_versions() -> None:
    import django

    assert f"Django {django.__version__}" in one(program.versions()).words


# ---------------------------------------------------------------- the broker


@pytest.mark.needs("redis")
def test_a_broker_that_lets_orgo_in_or_not() -> None:
    server = Redis().start()
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as way:
            way.sendall(b"CONFIG SET requirepass geheim-7f3a\r\n")
            assert way.recv(16).startswith(b"+OK")
        place = f"127.0.0.1:{server.port}"
        found = {
            word: one(servers.queue(load(Path("/nowhere"), {"ORGO_QUEUE": f"redis://:{word}@{place}/0"})))
            for word in ("geheim-7f3a", "falsch-7f3a")
        }
    finally:
        server.stop()
    gone = one(servers.queue(load(Path("/nowhere"), {"ORGO_QUEUE": f"redis://{place}/0"})))

    assert found["geheim-7f3a"].words.startswith(f"{place} lets Orgo in: Redis ")
    refused = found["falsch-7f3a"]
    assert (
        refused.state == "fail" and "does not let Orgo in" in refused.words and "falsch" not in refused.words
    )
    assert gone.state == "fail" and "does not answer" in gone.words


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
def test_a_brokers_certificate_is_believed_by_the_configured_authority(scheme: str, tmp_path: Path) -> None:
    """kombu looks at none of Redis, and at no name of RabbitMQ."""
    authority = f"?ssl_ca_certs={tmp_path}/cert.pem"
    with Scripted(("close",), context=tls(tmp_path, timedelta(-1), timedelta(60))) as server:
        strange, trusted, named = (
            one(
                servers.queue(
                    load(Path("/nowhere"), {"ORGO_QUEUE": f"{scheme}://u:geheim@{host}:{server.port}/{more}"})
                )
            )
            for host, more in (("localhost", ""), ("localhost", authority), ("127.0.0.1", authority))
        )

    assert "is not believed: self-signed" in strange.words and "ssl_ca_certs=FILE in queue:" in strange.todo
    assert "does not let Orgo in" in trusted.words and "password" in trusted.todo
    assert "is not believed" in named.words and named.todo == "give in queue: a name that the certificate has"


def test_the_place_of_large_mail(office: Office, tmp_path: Path) -> None:
    for name in ("there", "full"):
        (tmp_path / name).mkdir()
    for number in range(1, 256):  # where a blob's folder would be
        (tmp_path / "full" / f"{number:02x}").touch()
    found = {
        name: there(office, servers.large_mail, f"blobs: {{{{to: {tmp_path / name}}}}}\n")
        for name in ("there", "away", "full")
    }

    assert [one.state for one in found.values()] == ["ok", "fail", "fail"]
    assert "away" in found["away"].words
    assert not [path for path in (tmp_path / "there").rglob("*") if path.is_file()]


# ---------------------------------------------------------------- without a network


def test_what_goes_on_without_a_network_and_what_waits(office: Office) -> None:
    (office.home / "config" / "pw").write_text("x")
    (office.home / "config" / "key").write_text("0123456789abcdef" * 4)
    laptop = one(network.without(load(office.home / "empty", {})))
    more = f"smtp: {{host: smtp.city.example, from: o@city.example}}\nmailboxes: [{{{PLACES.format('imap.city.example')}}}]\n"
    more += "backup: {key: 'file:key', to: 's3://bucket/folder', s3: {endpoint: 'https://s3.city.example', access_key: 'file:pw', secret_key: 'file:pw'}}\n"
    office_ = one(network.without(replaced(office, f"{more}queue: redis://broker.example/0\n")))
    server = one(network.without(load(office.home, {"ORGO_DATABASE": "postgresql://orgo@db.example/orgo"})))

    assert laptop.words.endswith("waits: letters (no smtp: yet)")
    assert (
        "waits: mail of o@city.example (imap.city.example), letters (smtp.city.example), backups (s3.city.example)"
        in office_.words
    )
    assert "broker" not in office_.words
    assert (server.state, "nothing works: the database is at db.example" in server.words) == ("warn", True)
