"""What can only be seen when all keys are read together: names that must exist, doubles, doors left open."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from orgo.conf import rollcall
from orgo.conf.backup import SFTP
from orgo.conf.config import Config, Mailbox, Webhook, is_loopback, wants_tokens
from orgo.conf.finding import Finding
from orgo.conf.kinds import address as mail_address
from orgo.conf.machine import network_of
from orgo.conf.secrets import in_clear
from orgo.conf.section import Keys
from orgo.lib.problems import Problem, did_you_mean

RECIPIENT_ROLES = ("supervisor", "administrator", "director", "team", "assignee")
_SHORTEST_KEY = 32
_BACKUP_KEY = re.compile(r"\s*[0-9A-Fa-f]{64}\s*")
_HOOK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def consistency(config: Config) -> list[Problem]:
    """What stops the start, and what `load` warns of."""
    return [finding.problem(config) for look in _AT_LOAD for finding in look(config)]


def check(config: Config, strict: bool = False) -> list[Problem]:
    """All that `orgo config check` says of a configuration that could be loaded; `strict` makes warnings errors."""
    found = [*config.warnings, *(finding.problem(config) for look in _AT_CHECK for finding in look(config))]
    if strict:
        return [replace(problem, severity="error") for problem in found]
    return sorted(found, key=lambda problem: problem.severity == "warning")


def _accounts(config: Config) -> Iterator[tuple[Keys, Mailbox]]:
    """Each mailbox with its path."""
    yield from ((("imap", number), account) for number, account in enumerate(config.imap))
    yield from ((("mailboxes", number), account) for number, account in enumerate(config.mailboxes))


def _two_readers(config: Config) -> Iterator[Finding]:
    """Two accounts on one folder, which would take each other's mail, and two of one name."""
    seen: dict[object, Keys] = {}
    for path, account in _accounts(config):
        for folder in account.folders:
            one = (account.host, account.username.lower(), folder.lower())
            if seen.setdefault(one, path) != path:
                message = f"the folder {folder!r} is read already by {_where(config, seen[one])}"
                yield Finding((*path, "folders"), message, "a folder has one reader")
        if seen.setdefault(account.name.lower(), path) != path:
            message = f"the name {account.name!r} is taken by {_where(config, seen[account.name.lower()])}"
            yield Finding((*path, "name"), message, "give each mailbox a name of its own")


def _beyond_pop3(config: Config) -> Iterator[Finding]:
    """What POP3 has no word for (RFC 1939): folders, marks, moving, tokens in this program."""
    for path, account in _accounts(config):
        if account.protocol != "pop3":
            continue
        if account.after not in ("keep", "delete"):
            yield Finding(
                (*path, "after"), f"POP3 can't {account.after} mails", "write keep or delete, or use IMAP"
            )
        if account.folders != ("INBOX",):
            yield Finding((*path, "folders"), "POP3 has no folders", "leave it out, or use IMAP")
        if account.auth != "password":
            yield Finding((*path, "auth"), "POP3 is signed in to by password here", "use IMAP for xoauth2")


def _where(config: Config, path: Keys) -> str:
    sheet = config._origin.sheet
    return f"the mailbox at {sheet.source(path) if sheet else ''}"


def _team_names(config: Config) -> list[str]:
    return [team.name for team in config.roster.teams]


def _teams(config: Config) -> Iterator[Finding]:
    """Teams that are named but not there."""
    named = [
        (("triage",), config.triage),
        *(((*path, "team"), account.team) for path, account in _accounts(config)),
    ]
    for path, name in named:
        if name and config.team(name) is None:
            hint = did_you_mean(name, _team_names(config)) or "add it under teams in people.yaml"
            yield Finding(path, f"no team {name!r}", hint)
    marked = config.roster.triage
    if config.triage and marked and config.team(config.triage) not in (None, marked):
        yield Finding(("triage",), f"people.yaml says that it is {marked.name!r}", "say it in one place")


def _default_calendar(config: Config) -> Iterator[Finding]:
    name = config.teams.calendar
    if name and name not in config.calendars:
        hint = did_you_mean(name, config.calendars) or "add it under calendars"
        yield Finding(("teams", "calendar"), f"no calendar {name!r}", hint)


def _countries(config: Config) -> Iterator[Finding]:
    home = config.organization.country
    if home:
        yield from _country(("organization",), home, None)
    for name, calendar in config.calendars.items():
        country = calendar.country or home
        if country is None and calendar.subdivision:
            yield Finding(("calendars", name, "subdivision"), "a part of no country", "give country as well")
        elif country and (calendar.country or calendar.subdivision):
            yield from _country(("calendars", name), country, calendar.subdivision)


def _country(path: Keys, country: str, subdivision: str | None) -> Iterator[Finding]:
    """Whether the holidays of a country and its part are known."""
    from holidays import (
        country_holidays,
    )  # it takes a tenth of a second, and few configurations name a country
    from holidays.registry import COUNTRIES

    if country not in {entry[1] for entry in COUNTRIES.values()}:
        hint = "write its two letters, such as FR, DE or GB"
        yield Finding((*path, "country"), f"no country {country!r} whose holidays are known", hint)
        return
    parts = country_holidays(country, years=()).subdivisions
    if subdivision and subdivision not in parts:
        yield Finding(
            (*path, "subdivision"), f"no part {subdivision!r} of {country}", did_you_mean(subdivision, parts)
        )


def _default_levels(config: Config) -> Iterator[Finding]:
    known = [*RECIPIENT_ROLES, *_team_names(config), *(f"webhook:{name}" for name in config.webhooks)]
    former: tuple[int, int] = (0, 0)
    for number, level in enumerate(config.default_levels):
        path: Keys = ("default_levels", number)
        if level.to is None and not level.notify:
            yield Finding(path, "a level without a recipient", "give to: supervisor, a team or an address")
        for key, word in (("to", level.to), *(("notify", word) for word in level.notify)):
            if word and word not in known and not _is_address(word):
                yield Finding(
                    (*path, key), f"nobody is called {word!r}", f"{did_you_mean(word, known)}, or an address"
                )
        if (level.after.days, level.after.seconds) <= former:
            yield Finding(
                (*path, "after"), "comes no later than the level before", "after counts from the opening"
            )
        former = (level.after.days, level.after.seconds)


def _is_address(word: str) -> bool:
    try:
        mail_address(word)
    except ValueError:
        return False
    return True


def _webhooks(config: Config) -> Iterator[Finding]:
    """Webhooks that can't be called, or whose letters nobody could believe."""
    for name, hook in config.webhooks.items():
        path: Keys = ("webhooks", name)
        if not _HOOK_NAME.fullmatch(name):
            yield Finding(
                path, "this name can't be used", "small letters, digits, - and _, such as night-shift"
            )
        message = _hook_url(hook)
        if message:
            yield Finding((*path, "url"), message, "write it like https://chat.organization.com/hooks/..")
        if hook.form == "orgo" and hook.secret is None:
            hint = "write it as ${NAME} or file:path, or form: chat where a chat reads it"
            yield Finding(
                (*path, "secret"), "is missing, so nobody could tell a letter from a forged one", hint
            )
        if hook.ca_file and not hook.ca_file.is_file():
            yield Finding((*path, "ca_file"), "no such file", "paths count from the folder of config.yaml")
    for number, team in enumerate(config.roster.teams):
        if team.webhook and team.webhook not in config.webhooks:
            hint = did_you_mean(team.webhook, config.webhooks) or "add it under webhooks in config.yaml"
            yield Finding(("teams", number, "webhook"), f"no webhook {team.webhook!r}", hint, people=True)


def _watches(config: Config) -> Iterator[Finding]:
    """A canary without a mailbox to come home to, a heartbeat that nobody hears."""
    canary, heartbeat = config.canary, config.heartbeat
    if canary is not None:
        account = next((one for one in config.accounts if one.name == canary.mailbox), None)
        names = [one.name for one in config.accounts]
        if account is None:
            hint = did_you_mean(canary.mailbox, names) or "name a mailbox of imap: or mailboxes:"
            yield Finding(("canary", "mailbox"), f"no mailbox {canary.mailbox!r}", hint)
        elif account.receives is None:
            yield Finding(
                ("canary", "mailbox"), "its mail address is not known", "give that mailbox an address:"
            )
    if canary is not None and config.smtp is None:
        yield Finding(("canary",), "no probe mail can be sent without smtp:", "configure smtp:", "warning")
    if heartbeat is not None and (heartbeat.url is None) == (heartbeat.mail is None):
        yield Finding(
            ("heartbeat",), "one of url and mail is wanted", "give the one that the outside watch has"
        )


def _hook_url(hook: Webhook) -> str:
    """What is wrong with a webhook's address, or ""; the address itself is never said, it may be a secret."""
    try:
        parts = urlsplit(hook.url.get_secret_value())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "the port or the host in this address can't be read"
    if parts.scheme not in ("https", "http") or not host or any(sign <= " " for sign in parts.geturl()):
        return "not a web address"
    if parts.username is not None or parts.fragment:
        return "a name and password, or a #, can't stand in it"
    if not is_loopback(host):
        return "" if parts.scheme == "https" else "letters would go there in clear"
    return "" if hook.internal else "this machine is called only with internal: true"


def _open_door(config: Config) -> Iterator[Finding]:
    """A listener that takes mail for anybody from anybody."""
    smtp = config.intake.smtp
    if smtp.enabled and not smtp.domains and not is_loopback(smtp.host):
        message = f"no domains are given, and {smtp.host} can be reached from outside"
        yield Finding(
            ("intake", "smtp", "domains"), message, "list the recipients' domains, or listen on 127.0.0.1"
        )


def _anybody_s_results(config: Config) -> Iterator[Finding]:
    """A listener that would believe a header which anybody who reaches it can write."""
    smtp = config.intake.smtp
    if smtp.enabled and smtp.authserv_id and not smtp.trusted_relays and not is_loopback(smtp.host):
        message = f"is missing, so whoever reaches {smtp.host} could forge the results of {smtp.authserv_id}"
        hint = "list the servers that hand mail in, or leave authserv_id out"
        yield Finding(("intake", "smtp", "trusted_relays"), message, hint)


_OAUTH = ("token_url", "client_id")


def _sign_in(config: Config) -> Iterator[Finding]:
    """Mailboxes without what signing in needs."""
    for path, account in _accounts(config):
        if account.auth == "password" and account.password is None:
            yield Finding((*path, "password"), "is missing", "write it as ${NAME} or file:path")
        if account.auth == "password" and wants_tokens(account.host):
            hint = "write auth: xoauth2 (docs/operator/mailboxes.md)"
            yield Finding((*path, "host"), f"{account.host} takes no passwords any more", hint, "warning")
        if account.auth == "xoauth2":
            missing = [key for key in _OAUTH if getattr(account, key) is None]
            if not (account.client_secret or account.refresh_token):
                missing.append("client_secret")
            for key in missing:
                yield Finding((*path, key), "is missing", "auth: xoauth2 needs it")
            if account.token_url and not _is_safe(account.token_url):
                yield Finding((*path, "token_url"), "secrets would go there in clear", "write https://")


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _credentials(config: Config) -> Iterator[Finding]:
    smtp, key = config.smtp, config.web.secret_key
    if smtp and smtp.password and not smtp.username:
        yield Finding(("smtp", "username"), "is missing, but there is a password", "give both or none")
    if smtp and smtp.username and not smtp.password:
        message = "is missing, so Orgo sends without signing in"
        yield Finding(("smtp", "password"), message, "give both or none", "warning")
    if key and len(key.get_secret_value()) < _SHORTEST_KEY:
        message = f"is too short to be safe; it has less than {_SHORTEST_KEY} characters"
        yield Finding(("web", "secret_key"), message, "leave it out and Orgo makes one")


def _wires(config: Config) -> Iterator[Finding]:
    """TLS left out over a wire, and certificates that are not there."""
    servers = [(path, account.host, account.tls, account.ca_file) for path, account in _accounts(config)]
    if config.smtp:
        servers.append((("smtp",), config.smtp.host, config.smtp.tls, config.smtp.ca_file))
    for path, host, tls, ca_file in servers:
        if tls == "none" and not is_loopback(host):
            hint = "leave tls out, or write starttls or implicit"
            message = f"mail and password go to {host} in clear"
            yield Finding((*path, "tls"), message, hint, "warning" if path == ("smtp",) else "error")
        if ca_file and not ca_file.is_file():
            yield Finding((*path, "ca_file"), "no such file", "paths count from the folder of config.yaml")


def _backup(config: Config) -> Iterator[Finding]:
    """The key must be one, and must not stand in a file that goes into the backup."""
    backup = config.backup
    if backup is None:
        return
    sheet = config._origin.sheet
    written = sheet.written(("backup", "key")) if sheet and sheet.origin(("backup", "key")) is None else None
    if written is not None and in_clear(written):
        hint = "write file:path or ${NAME}; who finds the configuration could open every backup"
        yield Finding(("backup", "key"), "must not stand here in clear", hint)
    elif backup.key is None and backup.here:
        yield Finding(("backup", "key"), "is missing", "write file:path or ${NAME}; docs/operator/backup.md")
    elif backup.key is not None and not _BACKUP_KEY.fullmatch(backup.key.get_secret_value()):
        hint = "make one with: openssl rand -hex 32"
        yield Finding(("backup", "key"), "is no key of 64 hexadecimal digits", hint)
    keep = backup.keep
    if not keep.daily + keep.weekly + keep.monthly:
        yield Finding(("backup", "keep"), "would keep none", "keep one daily at least")
    s3 = backup.s3
    if s3 and (s3.access_key is None) != (s3.secret_key is None):
        yield Finding(("backup", "s3"), "access_key and secret_key belong together", "give both or none")
    sftp = backup.sftp
    if backup.to.startswith(SFTP) and (
        sftp is None or (backup.here and (sftp.identity or sftp.password) is None)
    ):
        hint = "give sftp: {host_key: .., identity: file:..}"
        yield Finding(("backup", "sftp"), "host_key and identity or password are needed", hint)
    folder = backup.folder(config.home)
    if folder and folder.is_relative_to(config.var):
        message = "lies on the same disk as what it is a backup of"
        hint = "give a folder of another disk or machine, or s3://bucket/folder"
        yield Finding(("backup", "to"), message, hint, "warning")


def _answers(config: Config) -> Iterator[Finding]:
    """Letters that can't leave, and answers that can't arrive."""
    if config.smtp is None:
        yield Finding(
            ("smtp",), "no server is given, so letters wait", "give host, port, username, password", "warning"
        )
        return
    address, smtp = config.smtp.replies_to, config.intake.smtp
    comes_in = smtp.enabled and (not smtp.domains or address.rpartition("@")[2] in smtp.domains)
    if not comes_in and address not in {account.receives for account in config.accounts}:
        key = "reply_address" if config.smtp.reply_address else "from"
        hint = "fetch that mailbox under imap: or mailboxes:"
        yield Finding(("smtp", key), f"answers to {address} don't reach Orgo", hint, "warning")


def _no_triage(config: Config) -> Iterator[Finding]:
    if config.triage_team is None:
        message = "there is no such team, so what no rule routes goes to the administrator"
        yield Finding(("triage",), message, "name a team", "warning")


def _distant_file(config: Config) -> Iterator[Finding]:
    """SQLite over a network: its locks do not hold there, and two writers damage the file."""
    file = config.sqlite_file
    kind = network_of(file) if file else ""
    if kind:
        message = f"{file} lies on {kind}, where SQLite's locks do not hold"
        yield Finding(("database",), message, "use a local disk, or PostgreSQL", "warning")


def _links(config: Config) -> Iterator[Finding]:
    """Of a page that is open to other machines nobody but the owner knows by which name they reach it."""
    if config.web.is_everywhere and config.web.public_url is None:
        message = f"not given, so links begin with {config.web.url}, which leads nowhere from other machines"
        yield Finding(("web", "public_url"), message, "give the address that people type", "warning")


_Look = Callable[[Config], Iterable[Finding]]
_AT_LOAD: tuple[_Look, ...] = (
    *(
        _two_readers,
        _beyond_pop3,
        _teams,
        _default_calendar,
        _countries,
        _default_levels,
        _webhooks,
        _watches,
        _open_door,
        _anybody_s_results,
        _sign_in,
        _credentials,
        _wires,
        _backup,
        _distant_file,
        _links,
    ),
    *(rollcall.doubles, rollcall.strangers, rollcall.calendars, rollcall.two_triages),
)
_AT_CHECK: tuple[_Look, ...] = (rollcall.letters_that_come_back, rollcall.nobody, _answers, _no_triage)
