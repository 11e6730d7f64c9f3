"""The kinds of value that a configuration has: each takes what a person writes, or says what is allowed."""

import ipaddress
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import idna
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationInfo

from orgo.lib.durations import Duration, parse_duration
from orgo.lib.hours import Span, parse_hours
from orgo.lib.problems import nearest

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SIZE = re.compile(r"([0-9]{1,12})\s*(b|kb|kib|mb|mib|gb|gib)?", re.IGNORECASE)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_UNITS = {"b": 1, "kb": 10**3, "kib": 2**10, "mb": 10**6, "mib": 2**20, "gb": 10**9, "gib": 2**30}
_LARGEST = 2**31 - 1
# %00 stands in no name and no password: libpq refuses it in the same words, which quote what is around it.
_HALF_ESCAPE = re.compile(r"%(?!(?!00)[0-9A-Fa-f]{2})")
# Up to the last @, whatever signs the password has that it should not; a file's place has neither user nor password.
_PASSWORD_IN_URL = re.compile(r"(?<!sqlite)(://[^:]*):.*@")


def plain_text(text: str) -> str:
    """One line without controls: a newline in a name would become a command to a mail server (CVE-2025-15366)."""
    if _CONTROLS.search(text):
        raise ValueError("no control characters or line breaks are allowed here")
    return text.strip()


def domain(text: str) -> str:
    """A domain in the form that servers use (IDNA A-labels, lower case)."""
    text = plain_text(text).lower().rstrip(".")
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            raise ValueError("not a domain name, such as organization.com") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError("not a domain name, such as organization.com")
    return text


def host(text: str) -> str:
    """A host name or an IP address, without a scheme, a port or a path."""
    text = plain_text(text)
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        pass
    if "://" in text or "/" in text:
        raise ValueError("only a host name is allowed, such as mail.organization.com, without :// and path")
    name, colon, port = text.rpartition(":")
    if colon and port.isdigit() and name:
        raise ValueError(f"only a host name is allowed; give the port apart, as port: {port}")
    try:
        return domain(text)
    except ValueError:
        raise ValueError(
            "not a host name or an IP address, such as mail.organization.com or 192.0.2.10"
        ) from None


def address(text: str) -> str:
    """A mail address that a letter can be sent to, in lower case: no display name, no quotes, no comments."""
    text = plain_text(text)
    local, at, place = text.rpartition("@")
    if "<" in text:
        raise ValueError("only the address is allowed, without a name and < >, such as name@organization.com")
    if not at or not _LOCAL.fullmatch(local) or len(local) > 64:
        raise ValueError("not a mail address, such as name@organization.com")
    try:
        return f"{local.lower()}@{domain(place)}"
    except ValueError:
        raise ValueError("not a mail address, such as name@organization.com") from None


def zone(text: str) -> str:
    """A time zone that the IANA database knows."""
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        known = {name.lower(): name for name in available_timezones()}
        near = known.get(text.lower()) or known.get(nearest(text.lower(), known) or "")
        hint = f"did you mean {near}?" if near else "write a name such as Europe/Paris or UTC"
        raise ValueError(f"not a time zone; {hint}") from None
    return text


def size(value: Any) -> int:
    """A size in bytes: "50 MB", "500 kB", "1 GiB" or a number of bytes."""
    match = (
        _SIZE.fullmatch(str(value).strip())
        if isinstance(value, str | int) and not isinstance(value, bool)
        else None
    )
    number = int(match[1]) * _UNITS[(match[2] or "b").lower()] if match else 0
    if not 0 < number <= _LARGEST:
        raise ValueError('not a size; write it like "50 MB" or "500 kB", at most 2 GB')
    return number


def whole(value: Any) -> Any:
    """Refuse what pydantic would take for a number although nobody means it: true, 1.5, 017."""
    if isinstance(value, bool | float) or (isinstance(value, str) and not _WHOLE.fullmatch(value)):
        raise ValueError("not a whole number")
    return value


def day(value: Any) -> Any:
    """A date as 2026-12-24, and nothing else (a number would be read as seconds since 1970)."""
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        raise ValueError("no such day in the calendar; write it as 2026-12-24") from None
    raise ValueError("not a date; write it as 2026-12-24")


def duration(value: Any) -> Duration:
    """A duration such as "2 hours"; a bare number has no unit and is refused."""
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError('a duration needs a unit; write it like "2 hours", "30 min" or "1 day"')


def hours(value: Any) -> tuple[Span, ...]:
    """Hours of the week as spans."""
    if isinstance(value, str):
        return parse_hours(value)
    raise ValueError('hours are a text; write them like "Mon-Fri 08:00-12:00, 13:30-17:30"')


def listed(value: Any) -> Any:
    """One value where a list is meant is a list of one."""
    return [value] if isinstance(value, str) else value


def database_url(text: str) -> str:
    """The address of a database, SQLite or PostgreSQL."""
    text = plain_text(text)
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")) or text == "sqlite:///":
        raise ValueError("not a database; write sqlite:///./var/orgo.db or postgresql://user@host/name")
    if not text.startswith("sqlite:"):
        _check_signs(text)
    _parts(text)
    return text


def _check_signs(url: str) -> None:
    """A password with a sign that means something in an address: each library would cut it elsewhere, and quote the rest."""
    if _HALF_ESCAPE.search(url):
        raise ValueError(
            "a % in this address is not followed by two hexadecimal digits; write %25 for a % of the password"
        )
    if url.count("@") > 1 or re.match(r"[^@]*://[^@]*[/?#][^@]*@", url):
        raise ValueError(
            "a user or password with @ / ? or # in it can't be read; write %40 for @, %2F for /, %3F for ?, %23 for #"
        )


_OF_TLS = {"ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}


def queue_url(text: str) -> str:
    """The address of a broker: Redis, Redis led to by its Sentinels, or RabbitMQ."""
    text = plain_text(text)
    if not text.startswith(("redis://", "rediss://", "sentinel://", "amqp://", "amqps://")):
        raise ValueError(
            "not a queue; write redis://host:6379/0, sentinel://host:26379;host:26379/0 or amqp://user@host//,"
            " or leave it out to run without"
        )
    _check_signs(text)
    led_to = text.startswith("sentinel://")
    for one in sentinels(text) if led_to else [text]:
        if not _parts(one).hostname and led_to:
            raise ValueError("an address of a Sentinel is empty; write sentinel://host:26379;host:26379/0")
    _check_tls(text)
    return text


def _check_tls(url: str) -> None:
    """What a broker's address asks of its certificate: `?ssl_ca_certs=FILE&..`."""
    given = {name: value for name, value in parse_qsl(urlsplit(url).query) if name.startswith("ssl_")}
    unknown = given.keys() - _OF_TLS
    if unknown:
        raise ValueError(f"{min(unknown)} is not known; allowed: {', '.join(sorted(_OF_TLS))}")
    if given.get("ssl_cert_reqs", "required") not in ("required", "none"):
        raise ValueError("ssl_cert_reqs is required, or none for a certificate that nobody checks")


def sentinels(url: str) -> list[str]:
    """Of sentinel://user:password@one:26379;two:26379/0 each Sentinel's own address, with what stands before and behind."""
    start, _, rest = url.removeprefix("sentinel://").rpartition("@")
    hosts, slash, database = rest.partition("/")
    before = f"sentinel://{start}@" if start else "sentinel://"
    return [f"{before}{host}{slash}{database}" for host in hosts.split(";")]


def web_url(text: str) -> str:
    """The address under which people reach the pages."""
    text = plain_text(text).rstrip("/")
    parts = _parts(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not a web address; write it like https://orgo.organization.com")
    return text


def network(text: str) -> str:
    """An IP address or network, such as 10.0.0.0/8."""
    try:
        return str(ipaddress.ip_network(plain_text(text), strict=False))
    except ValueError:
        raise ValueError("not an IP address or network, such as 10.0.0.0/8 or 192.0.2.10") from None


def beside_config(path: Path, info: ValidationInfo) -> Path:
    """A path that counts from the folder of config.yaml."""
    return _joined(path, info, "folder")


def in_home(path: Path, info: ValidationInfo) -> Path:
    """A path that counts from Orgo's home."""
    return _joined(path, info, "home")


def _joined(path: Path, info: ValidationInfo, base: str) -> Path:
    return Path(info.context[base], path) if info.context else path


def path_text(value: Any) -> Any:
    """A path as text, with `~` made into the home folder of whom it names; refused where it says nothing."""
    if not isinstance(value, str):
        return value
    if not plain_text(value):
        raise ValueError("is empty; name a file or folder, or leave the key out")
    return expanded(value)


def expanded(path: str) -> str:
    """`~/x` as the file that it means; as it is where no such user exists."""
    try:
        return str(Path(path.strip()).expanduser())
    except RuntimeError:
        return path


def _parts(url: str) -> Any:
    """The parts of a URL; the port is looked at, because urllib only refuses a bad one then."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018
    except ValueError:
        raise ValueError("the port or the host in this address can't be read") from None
    return parts


def password_of(url: str) -> str:
    """The password in a URL, "" where there is none."""
    found = re.match(r"[a-z+]+://[^/@:]*:(.*)@", url)
    return found[1] if found else ""


def queue_prefix(text: str) -> str:
    """What the names of queues and keys on a broker begin with: a plain word, which is no pattern to any broker."""
    if not _PREFIX.fullmatch(text):
        raise ValueError("letters, digits, - and _ are allowed, 64 at most, the first a letter or a digit")
    return text


def masked(url: str) -> str:
    """A URL as it may be shown: the password is hidden."""
    url = _PASSWORD_IN_URL.sub(r"\1:***@", url)
    return re.sub(r"(?i)\b(password|passwd|pwd)=[^&\s]*", r"\1=***", url)


Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=300), AfterValidator(plain_text)
]
Country = Annotated[Text, AfterValidator(str.upper)]
Host = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(host)]
Domain = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(domain)]
Address = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(address)]
Zone = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(zone)]
Network = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(network)]
DatabaseUrl = Annotated[str, StringConstraints(strict=True), AfterValidator(database_url)]
QueuePrefix = Annotated[str, StringConstraints(strict=True), AfterValidator(queue_prefix)]
QueueUrl = Annotated[str, StringConstraints(strict=True), AfterValidator(queue_url)]
WebUrl = Annotated[str, StringConstraints(strict=True), AfterValidator(web_url)]
Port = Annotated[int, BeforeValidator(whole), Field(ge=1, le=65535)]
Count = Annotated[int, BeforeValidator(whole), Field(ge=1, le=1_000_000)]
Size = Annotated[int, BeforeValidator(size)]
Day = Annotated[date, BeforeValidator(day)]
After = Annotated[Duration, BeforeValidator(duration)]
Hours = Annotated[tuple[Span, ...], BeforeValidator(hours)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Secrets = Annotated[tuple[Secret, ...], BeforeValidator(listed)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(listed)]
Domains = Annotated[tuple[Domain, ...], BeforeValidator(listed)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(listed)]
BesideConfig = Annotated[Path, AfterValidator(beside_config), BeforeValidator(path_text)]
AnyFile = Annotated[Path, BeforeValidator(path_text)]
InHome = Annotated[Path, AfterValidator(in_home), BeforeValidator(path_text)]
