"""A Date header becomes an instant: as RFC 5322 section 3.3 writes it, else in one of the many other ways (pure)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache

_MONTHS = {
    month: number for number, month in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_DATE = re.compile(
    rf"\s{{0,5}}(?:[A-Za-z]{{3}},\s{{0,5}})?(\d{{1,2}})\s{{1,5}}({'|'.join(_MONTHS)})\s{{1,5}}(\d{{4}})"
    r"\s{1,5}(\d\d):(\d\d)(?::(\d\d))?\s{1,5}([+-]\d{4})"
)


def instant(value: str) -> datetime | None:
    """The instant in UTC that a Date header says, None where it is none that can be."""
    try:
        return _instant(value[:200])
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _instant(value: str) -> datetime:
    found = _DATE.match(value)
    if found is None:
        return _otherwise(value)
    day, month, year, hour, minute, second, zone = found.groups()
    seconds = min(int(second or 0), 59)  # a leap second, or rubbish
    local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), seconds, tzinfo=UTC)
    return local - _offset(zone)


@lru_cache(256)
def _offset(zone: str) -> timedelta:
    """What a zone such as "+0200" is ahead of UTC. Raises ValueError for a day and more."""
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    timezone(offset)
    return offset if zone[0] == "+" else -offset


def _otherwise(value: str) -> datetime:
    parts = parsedate_tz(value)
    if parts is None:
        raise ValueError(value)
    zone = timezone(timedelta(seconds=parts[9] or 0))
    return datetime(*parts[:5], min(parts[5], 59), tzinfo=zone).astimezone(UTC)
