"""Names and addresses: what the configured servers' names say, and what of Orgo goes on without a network."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from orgo.conf import Config
from orgo.conf.config import is_loopback
from orgo.conf.kinds import sentinels
from orgo.ops.certificates import page
from orgo.ops.doctor.finding import Finding

PATIENCE = 5.0
_AT_ONCE = 16
_AWS = "s3.amazonaws.com"  # where no endpoint is given
_NOTHING = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class NoMail(Exception):
    """The domain says that it takes no mail."""


def names(config: Config) -> Iterator[Finding]:
    """Whether every configured server's name has an address, and mail to our own domains has a way (MX)."""
    wanted = sorted(
        {host for host in _hosts(config).values() if not _is_number(host) and not is_loopback(host)}
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        wrong = [finding for finding in pool.map(_name, wanted) if finding]
        wrong += [finding for finding in pool.map(_mail_way, _domains(config)) if finding]
    yield from wrong
    if wanted and not wrong:
        yield Finding("names", "ok", f"{', '.join(wanted)}: each has an address")


def _hosts(config: Config) -> dict[str, str]:
    """Every server that Orgo speaks to, by what it is for."""
    hosts = {f"mail of {account.name}": account.host for account in config.accounts}
    hosts |= {
        f"tokens of {one.name}": urlsplit(one.token_url).hostname or ""
        for one in config.accounts
        if one.token_url
    }
    hosts |= {"letters": config.smtp.host} if config.smtp else {}
    hosts |= {f"webhook {name}": _host(hook.url.get_secret_value()) for name, hook in config.webhooks.items()}
    if config.sqlite_file is None:
        hosts["the database"] = _host(config.database)
    for number, one in enumerate(_brokers(config), 1):
        hosts[f"the broker {number}" if number > 1 else "the broker"] = _host(one)
    if config.heartbeat and config.heartbeat.url:
        hosts["the outside watch"] = _host(config.heartbeat.url.get_secret_value())
    if config.scanner and config.scanner.socket is None:
        hosts["the scanner"] = config.scanner.host
    for what, kept in (("backups", config.backup), ("the place of large mail", config.blobs)):
        if kept is not None and kept.folder(config.home) is None:
            hosts[what] = (kept.s3 and _host(kept.s3.endpoint or "")) or _AWS
    own = page(config)
    return {
        what: host for what, host in (hosts | ({"the page's address": own[0]} if own else {})).items() if host
    }


def _brokers(config: Config) -> list[str]:
    if config.queue is None:
        return []
    return sentinels(config.queue) if config.queue.startswith("sentinel://") else [config.queue]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _name(host: str) -> Finding | None:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        todo = "mend the name in config.yaml, or this machine's DNS"
        return Finding("names", "fail", f"{host} has no address: {why}", todo)
    return None


def _domains(config: Config) -> list[str]:
    """The domains that mail comes to Orgo for from elsewhere: those of its listener, and that of answers and bounces."""
    smtp = config.intake.smtp
    found = set(smtp.domains) if smtp.enabled and not is_loopback(smtp.host) else set()
    if config.smtp is not None and not is_loopback(config.smtp.host):
        found.add(config.smtp.replies_to.rpartition("@")[2])
    return sorted(found)


def _mail_way(domain: str) -> Finding | None:
    todo = f"an MX record for {domain}, or else answers and bounces don't arrive"
    try:
        if any(_answers(domain, kind) for kind in ("MX", "A", "AAAA")):
            return None
    except NoMail:
        return Finding("names", "fail", f"{domain} says that it takes no mail (a null MX)", todo)
    except dns.exception.DNSException as error:
        words = f"no DNS server says where mail to {domain} goes: {type(error).__name__}"
        return Finding(
            "names", "warn", words, "mend this machine's DNS; without a network this can't be known"
        )
    words = f"mail to {domain} has no way: there is neither an MX nor an address"
    return Finding("names", "warn", words, f"{todo} (unless your own servers know the way without DNS)")


def _answers(domain: str, kind: str) -> bool:
    """Whether DNS has such a record. A null MX (RFC 7505) says that the domain takes no mail."""
    try:
        found = dns.resolver.resolve(domain, kind, lifetime=PATIENCE, search=False)
    except _NOTHING:
        return False
    if kind == "MX" and all(record.exchange == dns.name.root for record in found):
        raise NoMail
    return True


def without(config: Config) -> Iterator[Finding]:
    """What goes on and what waits while there is no network, by this configuration."""
    away = {what: host for what, host in _hosts(config).items() if not is_loopback(host)}
    if "the database" in away:
        words = f"nothing works: the database is at {away['the database']}"
        yield Finding(
            "without a network", "warn", words, "for a laptop: orgo init --offline FOLDER, a home of its own"
        )
        return
    waits = [f"{what} ({host})" for what, host in away.items() if what not in _NO_MATTER]
    waits += ["letters (no smtp: yet)"] if config.smtp is None else []
    goes_on = "goes on: page, rules, tasks, escalations, mail by files and on this machine"
    words = f"{goes_on}; waits: {', '.join(waits)}" if waits else f"{goes_on}; nothing waits"
    yield Finding("without a network", "ok", words)


# Without the broker Orgo looks for work by itself each second; the page's name is for others.
_NO_MATTER = ("the broker", "the broker 2", "the broker 3", "the page's address")
