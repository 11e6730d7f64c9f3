"""PostgreSQL and Redis as a cloud gives them: TLS by an authority of one's own, and a password."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orgo.cli.errors import Code, guarded
from orgo.conf import Config, load
from orgo.conf.celery import make_app
from orgo.conf.database import reach
from tests.house.checkout import ROOT, clean_environment
from tests.servers.authority import Authority
from tests.servers.ports import free_port
from tests.servers.postgresql import Postgresql
from tests.servers.programs import nobody
from tests.servers.redis import Redis

DOORS = "host all boss 127.0.0.1/32 trust\nhostssl orgo orgo_user 127.0.0.1/32 scram-sha-256\n"
DISTRUSTED = "certificate verify failed"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Authority]:
    """Whom the servers' certificates are of, and another."""
    folder = tmp_path_factory.mktemp("authorities")
    return {name: Authority(folder, name) for name in ("right", "wrong")}


@pytest.fixture(scope="module")
def postgresql(authorities: dict[str, Authority]) -> Iterator[str]:
    """The address of a PostgreSQL that lets Orgo in by TLS and with a password only."""
    server = Postgresql(fsync="off", ssl="on")
    try:
        for name, file in zip(("cert", "key"), authorities["right"].certificate("localhost"), strict=True):
            server.settings[f"ssl_{name}_file"] = shutil.copy(file, str(server.folder))
        (server.folder / "doors").write_text(DOORS)
        server.settings["hba_file"] = str(server.folder / "doors")
        for file in server.folder.iterdir() if nobody() else ():
            shutil.chown(file, nobody()["user"], nobody()["group"])
        yield server.start().url("orgo").replace("127.0.0.1", "localhost")
    finally:
        server.stop()


@pytest.fixture(scope="module")
def redis(authorities: dict[str, Authority]) -> Iterator[str]:
    """The address of a Redis that speaks TLS and wants a password."""
    certificate, key = authorities["right"].certificate("localhost")
    port = free_port()
    more = {"tls-port": port, "tls-cert-file": certificate, "tls-key-file": key, "tls-auth-clients": "no"}
    server = Redis(**{name: str(value) for name, value in more.items()})
    try:
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as way:
            way.sendall(b"CONFIG SET requirepass secret\r\n")
            assert way.recv(16).startswith(b"+OK")
        yield f"rediss://:secret@localhost:{port}/0"
    finally:
        server.stop()


def verified(url: str, authority: Authority) -> str:
    return f"{url}?sslmode=verify-full&sslrootcert={authority.file}"


def of(**environ: str) -> Config:
    return load(Path("/nowhere"), environ)


def ring(config: Config) -> None:
    """As a worker connects to its broker, once."""
    with make_app(config).connection_for_write() as way:
        way.ensure_connection(max_retries=1, interval_start=0)


@pytest.mark.needs("postgresql-tls")
def test_orgo_is_set_up_on_a_postgresql_whose_authority_it_knows(
    postgresql: str, authorities: dict[str, Authority], tmp_path: Path
) -> None:
    given = {
        "ORGO_HOME": str(tmp_path),
        "ORGO_DATABASE": verified(postgresql, authorities["right"]),
        "ORGO_DATABASE_MAY_LOSE_DATA": "true",
    }
    words = [sys.executable, str(ROOT / "orgo"), "init", "--yes", "--no-link"]
    done = subprocess.run(words, env=clean_environment(**given), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "is ready" in done.stdout


@pytest.mark.needs("postgresql-tls")
@pytest.mark.parametrize(
    ("authority", "former", "other", "said"),
    [
        ("wrong", "", "", DISTRUSTED),
        ("right", "localhost", "127.0.0.1", 'does not match host name "127.0.0.1"'),
        ("right", "secret", "guessed", "password authentication failed"),
        ("right", "verify-full", "disable", "no pg_hba.conf entry"),
    ],
)
def test_a_postgresql_that_can_not_be_believed_or_does_not_believe_is_refused_in_clear_words(
    postgresql: str,
    authorities: dict[str, Authority],
    capsys: pytest.CaptureFixture[str],
    authority: str,
    former: str,
    other: str,
    said: str,
) -> None:
    right = verified(postgresql, authorities["right"])
    assert guarded(lambda: reach(of(ORGO_DATABASE=right)), []) == Code.DONE
    url = verified(postgresql, authorities[authority]).replace(former, other, 1)
    assert guarded(lambda: reach(of(ORGO_DATABASE=url)), []) == Code.UNREACHABLE
    words = capsys.readouterr().err
    assert said in words and "secret" not in words and "guessed" not in words and words.count("\n") == 1


@pytest.mark.needs("redis-tls")
@pytest.mark.parametrize(
    ("authority", "former", "other", "said"),
    [
        ("wrong", "", "", DISTRUSTED),
        ("", "", "", DISTRUSTED),
        ("right", "localhost", "127.0.0.1", "certificate is not valid for '127.0.0.1'"),
        ("right", "secret", "guessed", "invalid username-password pair"),
    ],
)
def test_a_redis_that_can_not_be_believed_or_does_not_believe_is_refused_in_clear_words(
    redis: str,
    authorities: dict[str, Authority],
    capsys: pytest.CaptureFixture[str],
    authority: str,
    former: str,
    other: str,
    said: str,
) -> None:
    known = {name: f"?ssl_ca_certs={one.file}" for name, one in authorities.items()}
    right = redis + known["right"]
    assert guarded(lambda: ring(of(ORGO_QUEUE=right)), []) == Code.DONE
    url = (redis + known.get(authority, "")).replace(former, other, 1)
    assert guarded(lambda: ring(of(ORGO_QUEUE=url)), []) == Code.UNREACHABLE
    words = capsys.readouterr().err
    assert said in words and "secret" not in words and "guessed" not in words and words.count("\n") == 1
