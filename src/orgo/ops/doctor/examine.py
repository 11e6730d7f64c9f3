"""All that the doctor looks at, in this order."""

from collections.abc import Callable, Iterator

from orgo.conf import Config, load
from orgo.lib.problems import BadInput
from orgo.ops.doctor import clocks, database, house, network, program, servers
from orgo.ops.doctor.finding import Finding

Look = Callable[[Config], Iterator[Finding]]
_OF_PROGRAM: dict[str, Callable[[], Iterator[Finding]]] = {
    "versions": program.versions,
    "mail headers": program.header_injection,
    "parser": program.parser,
    "sqlite": program.sqlite,
}
_OF_CONFIG: dict[str, Look] = {
    "config": house.configuration,
    "rules": house.rules,
    "templates": house.templates,
    "permissions": house.permissions,
    "secrets": house.secrets,
    "disk": house.disk,
    "database": database.database,
    "trail": database.trail,
    "backup": house.backup,
    "last backup": house.last_backup,
    "names": network.names,
    "mailboxes": servers.mailboxes,
    "smtp": servers.smtp,
    "page": servers.page,
    "answers": servers.answers,
    "ports": servers.ports,
    "queue": servers.queue,
    "large mail": servers.large_mail,
    "scanner": house.scanner,
    "clock": clocks.clocks,
    "without a network": network.without,
}


def examine() -> Iterator[Finding]:
    """All findings, one after the other; a check that breaks is a finding itself."""
    for name, look in _OF_PROGRAM.items():
        yield from _safely(name, look)
    try:
        config = load()
    except BadInput as error:
        for problem in error.problems:
            yield Finding("config", "fail", str(problem), "orgo config check")
        return
    for name, look_into in _OF_CONFIG.items():
        yield from _safely(name, lambda look=look_into: look(config))  # type: ignore[misc]


def _safely(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        yield Finding(name, "fail", f"{type(error).__name__}: {error}", "report this, if it stays")
