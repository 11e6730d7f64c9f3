"""An instant as a terminal shows it: the organization's local time with its distance from UTC (pure)."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local(at: datetime | str | None, zone: str, unit: str = "minutes") -> str:
    """`at` (aware, or its ISO form) in the time zone of this IANA name: "2026-11-26 09:18+01:00"; "" where there is none.

    `unit` is the smallest that is shown, "minutes" or "seconds".
    """
    if not at:
        return ""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(ZoneInfo(zone)).isoformat(" ", unit)
