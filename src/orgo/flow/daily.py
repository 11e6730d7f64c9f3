"""The hour of the letters that Orgo writes once a day."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

AT = time(8)


def last_hour(zone: ZoneInfo, now: datetime) -> datetime:
    """The last time that it was that hour in this zone."""
    day = now.astimezone(zone)
    day -= timedelta(days=day.time() < AT)
    return datetime.combine(day.date(), AT, zone)
