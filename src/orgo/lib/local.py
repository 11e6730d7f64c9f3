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


def short(at: datetime | None, zone: str, now: datetime) -> str:
    """`at` for a narrow column: "7 Sep 10:00", with its year where that is not the one of `now`; "" where there is none."""
    if at is None:
        return ""
    there, here = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    year = "" if there.year == here.year else f" {there.year}"
    return f"{there.day} {there:%b}{year} {there:%H:%M}"
