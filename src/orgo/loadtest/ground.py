"""Where a load test runs: a home in a temporary folder, a database made for it, and removed with it.

It stands beside the work of the configured Orgo: on its database server and its broker, by a database and queues of its own,
and touches nothing else there.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kombu.exceptions import OperationalError

from orgo.conf import Config, boot, load
from orgo.conf.celery import dead_letters, make_app
from orgo.demo.world import free_port
from orgo.lib.problems import BadInput, Problem
from orgo.loadtest.mails import DOMAIN
from orgo.loadtest.names import queue_of

DATABASE = "orgo_loadtest"
_TO_CONNECT = 10.0
_PEOPLE = f"""\
teams: [{{name: works, address: works@{DOMAIN}, members: [ann@{DOMAIN}], supervisor: boss@{DOMAIN}, triage: true}}]
users:
  - {{address: ann@{DOMAIN}, name: Ann, role: technician}}
  - {{address: boss@{DOMAIN}, name: Boss, role: supervisor}}
"""


@contextmanager
def ground(own: Config, rules: int, catcher: int) -> Iterator[tuple[Config, dict[str, str]]]:
    """Make ready for one load test and start Django on it (once a process).

    `own` is the configured Orgo, `catcher` the port that letters go to. Yields the test's configuration and the
    environment of its processes. Raises BadInput where the server gives no database.
    """
    with (
        tempfile.TemporaryDirectory(prefix="orgo-loadtest-") as folder,
        _database(own, Path(folder)) as database,
    ):
        home = Path(folder)
        environ = _environ(own, home, database)
        _furnish(home, rules, catcher)
        config = boot.start(load(home, environ))
        _move_in(config)
        try:
            yield config, environ
        finally:
            _leave_the_broker(config)


def _leave_the_broker(config: Config) -> None:
    """Nothing of the test's stays there; a broker that is away by now keeps what it has, which nobody hears."""
    if config.queue is None:
        return
    app = make_app(config)
    with app.connection_for_write() as broker, suppress(OperationalError):
        broker.ensure_connection(max_retries=1, timeout=_TO_CONNECT)
        if broker.transport.driver_type == "redis":
            _forget_keys(broker.default_channel.client, config.queue_prefix)
            return
        own = [queue.name for queue in (*app.conf.task_queues, dead_letters(config.queue_prefix))]
        for name in (*own, queue_of(config.queue_prefix)):
            broker.default_channel.queue_delete(name)


def _forget_keys(redis: Any, prefix: str) -> None:
    """kombu's client puts the prefix in front of what it deletes, and not of what it looks for."""
    for key in redis.scan_iter(match=f"{prefix}:*"):
        redis.delete(key.decode().removeprefix(f"{prefix}:"))


def _furnish(home: Path, rules: int, catcher: int) -> None:
    config = home / "config"
    config.mkdir()
    (config / "people.yaml").write_text(_PEOPLE)
    (config / "rules.yaml").write_text(rules_text(rules))
    (config / "config.yaml").write_text(
        f"organization: {{name: Load test}}\nsmtp: {{host: 127.0.0.1, port: {catcher}, from: orgo@{DOMAIN}}}\n"
        f"intake: {{smtp: {{host: 127.0.0.1, port: {free_port()}}}}}\nweb: {{host: 127.0.0.1, port: {free_port()}}}\n"
    )


def rules_text(rules: int) -> str:
    """That many rules, each with a word of its own; what is urgent escalates after five seconds."""
    urgent = f'{{route_to: works@{DOMAIN}, escalate_after: "5 s"}}'
    lines = [f"  - {{condition: \"subject contains 'urgent'\", action: {urgent}}}"]
    lines += [
        f"  - {{condition: \"subject contains 'word{n}'\", action: {{route_to: works@{DOMAIN}}}}}"
        for n in range(1, rules)
    ]
    return f"default: {{route_to: works@{DOMAIN}}}\nrules:\n" + "\n".join(lines) + "\n"


def _environ(own: Config, home: Path, database: str) -> dict[str, str]:
    """Of the configured Orgo only its database's server and its broker, where the test's names begin with its home's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    kept |= {"ORGO_HOME": str(home), "ORGO_DATABASE": database}
    if own.queue is not None:
        kept |= {"ORGO_QUEUE": own.queue, "ORGO_QUEUE_TYPE": own.queue_type}
        kept |= {"ORGO_QUEUE_MASTER": own.queue_master, "ORGO_QUEUE_PREFIX": home.name}
    if own.database_may_lose_data:
        kept["ORGO_DATABASE_MAY_LOSE_DATA"] = "true"
    return kept


def _move_in(config: Config) -> None:
    from orgo.ops.up import prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    apply_roster(config.roster)


@contextmanager
def _database(own: Config, home: Path) -> Iterator[str]:
    if own.sqlite_file is not None:
        yield f"sqlite:///{home}/orgo.db"
        return
    with made(own.database, DATABASE) as database:
        yield database


@contextmanager
def made(url: str, name: str) -> Iterator[str]:
    """A database of this name on the server that `url` names, new and empty, gone afterwards. Raises BadInput."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    with psycopg.connect(url, autocommit=True) as server:
        try:
            server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
            server.execute(
                SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(Identifier(name))
            )
        except psycopg.errors.ObjectInUse:
            raise _refused(f"another load test runs on the database {name}", "wait for its end") from None
        except psycopg.errors.InsufficientPrivilege:
            user = server.info.user
            raise _refused(
                f"the user {user} may not make a database of its own for the test",
                f"let the server's administrator say: ALTER USER {user} CREATEDB",
            ) from None
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _refused(words: str, hint: str) -> BadInput:
    return BadInput(Problem(words, key="database", hint=hint))


def child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that finds this very Orgo, wherever it was started from."""
    source = str(Path(__file__).resolve().parents[2])
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, [source, environ.get("PYTHONPATH", "")]))}
