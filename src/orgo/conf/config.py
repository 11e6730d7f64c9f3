"""config.yaml as typed values: every key that there is, its default and what it is for."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr

from orgo.conf.backup import Backup
from orgo.conf.blobs import Blobs
from orgo.conf.kinds import (
    Address,
    After,
    AnyFile,
    BesideConfig,
    Count,
    Country,
    DatabaseUrl,
    Day,
    Domains,
    Host,
    Hours,
    InHome,
    Networks,
    Port,
    QueuePrefix,
    QueueUrl,
    Secret,
    Secrets,
    Size,
    Text,
    Texts,
    WebUrl,
    Zone,
    address,
)
from orgo.conf.roster import Language, Roster, Team, Visibility
from orgo.conf.section import Section
from orgo.conf.sheet import Sheet
from orgo.lib.durations import Duration
from orgo.lib.problems import Problem

Tls = Literal["none", "starttls", "implicit"]
_IMPLICIT_TLS_PORTS = (465, 993, 995)
_STARTTLS_PORTS = (587,)
_POP3_PORTS = ("110", "995")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that no wire is there to listen on."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_WANT_TOKENS = frozenset({"outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"})


def wants_tokens(host: str) -> bool:
    """Whether a server takes no passwords by IMAP and POP3 any more: Microsoft's."""
    return host.lower().rstrip(".") in _WANT_TOKENS


def usual_protocol(port: Any) -> Literal["imap", "pop3"]:
    """What a mailbox's server on this port speaks where `protocol` is not given."""
    return "pop3" if str(port) in _POP3_PORTS else "imap"


def usual_tls(host: Any, port: Any) -> Tls:
    """How a server on this port is spoken to where `tls` is not given: never in clear over a wire."""
    number = int(port) if str(port).isdigit() else 0
    if number in _IMPLICIT_TLS_PORTS:
        return "implicit"
    return "none" if number not in _STARTTLS_PORTS and is_loopback(str(host)) else "starttls"


class OrganizationDefaults(Section):
    """Whose Orgo this is."""

    name: Text = Field("Organization", description="The name in letters and on pages")
    language: Language = Field("en", description="The language where nobody said another: `en` or `fr`")
    zone: Zone = Field("UTC", description="The time zone (IANA); the machine's where not given, else UTC")
    country: Country | None = Field(
        None, description="The country (ISO 3166, such as FR) whose holidays calendars keep"
    )
    domains: Domains = Field(
        (),
        description="The organization's own mail domains; addresses that `orgo init` makes are in the first",
    )


class Web(Section):
    """The pages and the API."""

    host: Host = Field("127.0.0.1", description="The address to listen on")
    port: Port = Field(8000, description="The port to listen on")
    public_url: WebUrl | None = Field(
        None,
        description="The address in letters' links; http://host:port where not given, with localhost for 0.0.0.0 and ::",
    )
    also_hosts: Texts = Field(
        (),
        description="More names and addresses that the pages answer to beside `public_url`'s, such as a pod's for Prometheus",
    )
    secret_key: Secret | None = Field(
        None, description="Signs sessions and reply tokens; var/secret.key where not given"
    )
    former_keys: Secrets = Field(
        (),
        description="What `secret_key` was before: letters and sessions signed by it stay good until it is removed here",
    )
    metrics_token: Secret | None = Field(
        None, description="Opens /metrics for Prometheus; there is no such page where not given"
    )

    @property
    def url(self) -> str:
        """The address that links in letters begin with."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{'localhost' if self.is_everywhere else host}:{self.port}"

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on all addresses, of which none is one to go to."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104 -- compared with, not listened on


class SmtpIntake(Section):
    """Mail that other servers hand in."""

    enabled: bool = Field(True, description="Whether to listen")
    host: Host = Field("127.0.0.1", description="The address to listen on")
    port: Port = Field(2525, description="The port to listen on")
    protocol: Literal["smtp", "lmtp"] = Field("smtp", description="`smtp` or `lmtp`")
    domains: Domains = Field((), description="Accepted recipients' domains; empty is any, on loopback only")
    max_size: Size = Field(50_000_000, description="The largest mail")
    authserv_id: Text | None = Field(None, description="Whose Authentication-Results are believed")
    trusted_relays: Networks = Field((), description="Relays that checked the sender already")
    internal_networks: Networks = Field((), description="Networks whose senders are internal")


class FolderIntake(Section):
    """A folder that is watched for mail files."""

    path: InHome | None = Field(None, description="The folder; none is watched where not given")
    after: Literal["keep", "move", "delete"] = Field(
        "move", description="What becomes of a file once its mail is stored"
    )


class Intake(Section):
    """How mail comes in, besides mailboxes that are fetched."""

    smtp: SmtpIntake = Field(default_factory=SmtpIntake, description="Mail by SMTP or LMTP")
    folder: FolderIntake = Field(default_factory=FolderIntake, description="Mail as files in a folder")


class Mailbox(Section):
    """A mailbox that Orgo fetches from by IMAP or POP3."""

    synonyms: ClassVar[dict[str, str]] = {"folder": "folders"}

    protocol: Literal["imap", "pop3"] = Field(
        "imap", description="`imap` or `pop3`; the port decides where not given"
    )
    host: Host = Field(description="The server")
    port: Port = Field(993, description="The port; 993 is TLS from the first byte")
    username: Text = Field(description="The account, as the server wants it (`DOMAIN\\user\\mailbox` too)")
    auth: Literal["password", "xoauth2"] = Field(
        "password", description="`password`, or `xoauth2` (Microsoft 365, Google)"
    )
    password: Secret | None = Field(None, description="The password, as `${VAR}` or `file:path`")
    token_url: WebUrl | None = Field(None, description="XOAUTH2: where tokens are given out")
    client_id: Text | None = Field(None, description="XOAUTH2: the application's name there")
    client_secret: Secret | None = Field(None, description="XOAUTH2: its secret, as `${VAR}` or `file:path`")
    refresh_token: Secret | None = Field(
        None, description="XOAUTH2: the account's consent; none asks in the application's own name"
    )
    scope: Text | None = Field(None, description="XOAUTH2: what the token is for")
    tls: Tls = Field(
        "implicit", description="`implicit`, `starttls` or `none`; the port decides where not given"
    )
    ca_file: BesideConfig | None = Field(None, description="Certificates of an internal authority (PEM)")
    folders: Texts = Field(
        ("INBOX",), min_length=1, description="The folders to fetch (`folder` is the same key)"
    )
    name: Text = Field(description="What the mailbox is called; its username where not given")
    address: Address | None = Field(None, description="Its mail address, where the username is none")
    after: Literal["keep", "flag", "move", "delete"] = Field(
        "flag",
        description="What becomes of a mail once it is stored; by POP3 `keep` (then the default) or `delete`",
    )
    after_folder: Text = Field("Orgo", description="Where `after: move` puts it")
    delete_after: After = Field(
        Duration(7, 0), description="`after: delete`: how long a stored mail stays on the server"
    )
    idle: bool = Field(True, description="Whether the server is asked to say when mail comes (IDLE)")
    poll: After = Field(
        Duration(0, 60),
        description="How often is looked where the server doesn't say, and into further folders",
    )
    max_size: Size = Field(50_000_000, description="A larger mail stays on the server, and is listed")
    team: Text | None = Field(
        None, description="The team that gets what no rule routes; triage where not given"
    )
    lists: Texts = Field((), description="List-Ids that are the mailbox's own: their mail opens tasks")
    authserv_id: Text | None = Field(None, description="Whose Authentication-Results are believed")
    trusted_relays: Networks = Field((), description="Relays that checked the sender already")
    internal_networks: Networks = Field(
        (), description="Networks whose senders are internal, as its server's Received says"
    )

    @classmethod
    def complete(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The name is the username, TLS follows from the port."""
        if isinstance(data.get("username"), str):
            data.setdefault("name", data["username"])
        data.setdefault("protocol", usual_protocol(data.get("port")))
        data.setdefault("port", 995 if data["protocol"] == "pop3" else 993)
        if data["protocol"] == "pop3":
            data.setdefault("after", "keep")
        data.setdefault("tls", usual_tls(data.get("host"), data["port"]))
        return data

    @property
    def receives(self) -> str | None:
        """The mail address whose mail arrives here, as far as it can be known."""
        return self.address or _address_or_none(self.username)


class Smtp(Section):
    """The server that Orgo's letters leave by."""

    host: Host = Field(description="The server")
    port: Port = Field(587, description="The port; 587 is STARTTLS, 465 TLS from the first byte")
    username: Text | None = Field(None, description="The account; none sends without signing in")
    password: Secret | None = Field(None, description="The password, as `${VAR}` or `file:path`")
    tls: Tls = Field(
        "starttls", description="`implicit`, `starttls` or `none`; the port decides where not given"
    )
    ca_file: BesideConfig | None = Field(None, description="Certificates of an internal authority (PEM)")
    from_address: Address = Field(
        alias="from", description="From of the letters; the username where that is an address"
    )
    from_name: Text = Field("", description="The name in From; the organization's where not given")
    reply_address: Address | None = Field(
        None, description="Where answers go, with a plus tag; From where not given"
    )

    @classmethod
    def complete(cls, data: dict[str, Any]) -> dict[str, Any]:
        """From is the username where that is an address; TLS follows from the port."""
        if "from" not in data and "from_address" not in data and _address_or_none(data.get("username")):
            data["from"] = data["username"]
        data.setdefault("tls", usual_tls(data.get("host"), data.get("port", 587)))
        return data

    @property
    def replies_to(self) -> str:
        """The address that answers come back to, before its plus tag."""
        return self.reply_address or self.from_address


def _address_or_none(text: Any) -> str | None:
    try:
        return address(text) if isinstance(text, str) else None
    except ValueError:
        return None


class TeamDefaults(Section):
    """What a team has that says nothing else."""

    calendar: Text | None = Field(None, description="The calendar; none is day and night")
    language: Language | None = Field(None, description="The language; the organization's where not given")
    visibility: Visibility = Field("team", description="`team`, `private`, `organization` or `public`")


class Calendar(Section):
    """When work is done."""

    hours: Hours = Field(description='Like "Mon-Fri 08:00-12:00, 13:30-17:30"')
    zone: Zone | None = Field(None, description="The time zone; the organization's where not given")
    country: Country | None = Field(
        None, description="The country whose holidays are kept; the organization's where not given"
    )
    subdivision: Text | None = Field(
        None, description="The part of the country (ISO 3166-2 without the country)"
    )
    holidays: bool = Field(True, description="Whether the country's holidays are days off")
    closed: tuple[Day, ...] = Field((), description="More days off")
    open: tuple[Day, ...] = Field((), description="Days that are worked although they are holidays")


class DefaultLevel(Section):
    """One step of the escalation of a task that no rule gave a policy."""

    after: After = Field(description='How long after opening, like "1 day" (of the calendar)')
    to: Text | None = Field(None, description="`supervisor`, `administrator`, a team or an address")
    notify: Texts = Field((), description="Who hears as well")
    until: Literal["acknowledged", "completed"] = Field("completed", description="What ends it")


class Webhook(Section):
    """A second way to people: a chat's incoming hook, or a program of your own."""

    url: Secret = Field(description="Its address, https:// (chats: a secret, as `${VAR}` or `file:path`)")
    form: Literal["orgo", "chat"] = Field(
        "orgo", description='`orgo`: signed JSON for a program; `chat`: `{"text": ".."}`, as chats take it'
    )
    secret: Secret | None = Field(
        None, description="Signs what is sent, as `${VAR}` or `file:path`; `form: orgo` needs it"
    )
    internal: bool = Field(
        False, description="Whether it lies in our own network, which is not called otherwise"
    )
    ca_file: BesideConfig | None = Field(None, description="Certificates of an internal authority (PEM)")
    alarms: bool = Field(
        True, description="Whether escalations and alarms go here when mail could not leave for 10 minutes"
    )


class Canary(Section):
    """A probe mail through the real servers and back into a mailbox."""

    mailbox: Text = Field(description="The name of the mailbox that it is sent to")
    every: After = Field(Duration(0, 900), description="How often one is sent")
    within: After = Field(Duration(0, 600), description="How long it may take before the alarm")


class Heartbeat(Section):
    """An outside watch that is told that Orgo lives; when that stops, the watch alarms somebody."""

    url: Secret | None = Field(
        None, description="An address that is called by POST, https:// (a secret, as `${VAR}`)"
    )
    mail: Address | None = Field(None, description="Or an address that a letter goes to")
    every: After = Field(Duration(0, 300), description="How often")
    internal: bool = Field(False, description="Whether the address lies in our own network")


class Scanner(Section):
    """A clamd that looks at each mail before it is read; while it is away mail waits."""

    socket: AnyFile | None = Field(
        None, description="The file of its socket, such as `/run/clamav/clamd.ctl`"
    )
    host: Host = Field("127.0.0.1", description="Or its host")
    port: Port = Field(3310, description="and port")
    timeout: After = Field(Duration(0, 60), description="How long a step of it may take")


class Audit(Section):
    """The trail of all that happened."""

    seal_to: list[Address] = Field(
        [],
        description="Who gets the trail's newest seal by mail once a day: somebody outside, lest anybody here write it anew",
    )


class Keep(Section):
    """How long the files of the log are kept, in days."""

    activity: After = Field(Duration(30, 0), description="What was done")
    error: After = Field(Duration(90, 0), description="What went wrong: warnings and errors")
    security: After = Field(
        Duration(365, 0), description="Who signed in or failed to, and who was given which right"
    )


class Log(Section):
    """What Orgo says of itself, on standard error and in files."""

    format: Literal["text", "json"] = Field(
        "text",
        description="On standard error: text for people; json for a log store, with the ids of mail, task, letter and job",
    )
    folder: InHome | None = Field(
        None, description="Where files are written as well, JSON, by kind and day; none where not given"
    )
    keep: Keep = Field(default_factory=Keep, description="How long these files are kept, by kind")


class Limits(Section):
    """Where a mail is too much; it is then kept and shown in quarantine."""

    mail_size: Size = Field(50_000_000, description="Bytes of a mail")
    headers_size: Size = Field(262_144, description="Bytes of all headers")
    header_size: Size = Field(65_536, description="Bytes of one header")
    headers: Count = Field(1_000, description="Headers")
    addresses: Count = Field(1_000, description="Addresses in one mail")
    parameters: Count = Field(100, description="Parameters of one header")
    parts: Count = Field(1_000, le=9_999, description="Parts of a mail")
    depth: Count = Field(20, le=100, description="Parts within parts")
    attachments: Count = Field(300, description="Attachments of a mail")


_LEVELS = (
    DefaultLevel(after=Duration(1, 0), to="supervisor"),
    DefaultLevel(after=Duration(3, 0), to="administrator"),
)


@dataclass(frozen=True)
class Origin:
    """Where a configuration was found, and what came with it."""

    home: Path
    file: Path | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    roster: Roster = field(default_factory=Roster)
    sheet: Sheet | None = field(default=None, repr=False)
    people: Sheet | None = field(default=None, repr=False)


class Config(Section):
    """All that Orgo was told, frozen. Made by `orgo.conf.load` only."""

    organization: OrganizationDefaults = Field(
        default_factory=OrganizationDefaults, description="Whose Orgo this is"
    )
    database: DatabaseUrl = Field(
        "sqlite:///./var/orgo.db",
        repr=False,
        description="SQLite or PostgreSQL; ./orgo_offline.db where that file is there",
    )
    database_may_lose_data: bool = Field(
        False, description="Run on a PostgreSQL that does not sync to disk (for tests only)"
    )
    database_connections: Count = Field(
        20, ge=5, le=1000, description="How many connections to PostgreSQL each process may hold at most"
    )
    queue: QueueUrl | None = Field(
        None,
        repr=False,
        description="redis://, sentinel://one:26379;two:26379/0 or amqp://; none runs jobs in the same process",
    )
    queue_prefix: QueuePrefix = Field(
        "orgo",
        description="What its queues and keys on the broker begin with: another for each Orgo on one broker",
    )
    queue_master: Text = Field("mymaster", description="The name under which Sentinels know the Redis to use")
    queue_type: Literal["classic", "quorum"] = Field(
        "classic",
        description="RabbitMQ's kind of queues: `quorum` for a cluster; those that are there keep their kind",
    )
    web: Web = Field(default_factory=Web, description="The pages and the API")
    intake: Intake = Field(default_factory=Intake, description="How mail comes in")
    imap: tuple[Mailbox, ...] = Field((), description="One mailbox, or a list of them")
    mailboxes: tuple[Mailbox, ...] = Field((), description="More mailboxes")
    smtp: Smtp | None = Field(
        None, description="The server that letters leave by; letters wait where there is none"
    )
    webhooks: dict[Text, Webhook] = Field(
        default_factory=dict,
        description="Webhooks by name; a team names one as `webhook: NAME`, a level as `webhook:NAME`",
    )
    triage: Text | None = Field(None, description="The team (name or address) that gets what no rule routes")
    teams: TeamDefaults = Field(
        default_factory=TeamDefaults, description="What a team has that says nothing else"
    )
    calendars: dict[Text, Calendar] = Field(default_factory=dict, description="Calendars by name")
    default_levels: tuple[DefaultLevel, ...] = Field(
        _LEVELS, min_length=1, description="The escalation of tasks that no rule gave a policy"
    )
    rules: BesideConfig | None = Field(
        None, description="The rules' file; looked for as rules.yaml where not given"
    )
    people: BesideConfig | None = Field(
        None, description="The people's file; looked for as people.yaml where not given"
    )
    files: BesideConfig = Field(
        Path("config"),
        description="The folder of templates and attachments; that of the rules where not given",
    )
    canary: Canary | None = Field(
        None, description="A probe mail that has to come back; none where not given"
    )
    heartbeat: Heartbeat | None = Field(None, description="The outside watch; none where not given")
    blobs: Blobs | None = Field(
        None, description="Large mail beside the database; all of it is in the database where not given"
    )
    backup: Backup | None = Field(None, description="Backups; none are made where not given")
    scanner: Scanner | None = Field(None, description="A virus scanner; none where not given")
    limits: Limits = Field(default_factory=Limits, description="Where a mail is too much")
    audit: Audit = Field(default_factory=Audit, description="The trail")
    log: Log = Field(default_factory=Log, description="How the log is written")
    _origin: Origin = PrivateAttr()

    @classmethod
    def complete(cls, data: dict[str, Any]) -> dict[str, Any]:
        """One `imap:` is a list of one."""
        if isinstance(data.get("imap"), dict):
            data["imap"] = [data["imap"]]
        return data

    @property
    def home(self) -> Path:
        """Orgo's home: `config.yaml`, `config/`, and `var/` for what it writes."""
        return self._origin.home

    @property
    def file(self) -> Path | None:
        """The config.yaml that was read, or None when all is default."""
        return self._origin.file

    @property
    def sources(self) -> Mapping[str, str]:
        """Where each value comes from: "file:line", "environment ORGO_X" or "default", by dotted key."""
        return MappingProxyType(dict(self._origin.sources))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed but should be looked at."""
        return self._origin.warnings

    @property
    def roster(self) -> Roster:
        """Everybody whom people.yaml names."""
        return self._origin.roster

    @property
    def triage_team(self) -> Team | None:
        """The team that gets what no rule routes: the one that `triage` names, else the one that says it is."""
        return self.team(self.triage) if self.triage else self.roster.triage

    def team(self, name: str) -> Team | None:
        """The team with this name or address."""
        wanted = name.lower()
        return next((team for team in self.roster.teams if wanted in (team.name.lower(), team.address)), None)

    @property
    def var(self) -> Path:
        """The folder that Orgo writes to."""
        return self.home / "var"

    @property
    def accounts(self) -> tuple[Mailbox, ...]:
        """All mailboxes that are fetched from."""
        return self.imap + self.mailboxes

    @property
    def own_addresses(self) -> frozenset[str]:
        """The addresses whose mail comes to Orgo itself: the mailboxes it reads, From and the reply address."""
        own = {account.receives for account in self.accounts}
        own |= {self.smtp.from_address, self.smtp.replies_to} if self.smtp else set()
        return frozenset(address for address in own if address)

    def account(self, name: str) -> Mailbox | None:
        """The mailbox with this name."""
        return next((account for account in self.accounts if account.name == name), None) if name else None

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file, or None where the database is a server."""
        if not self.database.startswith("sqlite:///"):
            return None
        return (self.home / self.database.removeprefix("sqlite:///")).resolve()
