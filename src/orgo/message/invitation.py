"""An invitation in words: what a calendar part (RFC 5545) says of its first entry, where a mail has no other text (pure)."""

from datetime import date, datetime
from typing import Any

from orgo.lib.text import clean_text

LARGEST = 200_000
_LONGEST_DESCRIPTION = 5000
_ENTRIES = ("VEVENT", "VTODO", "VJOURNAL")


def words_of(content: bytes) -> str:
    """The entry's summary, time, place, organizer and description, a line each; "" where it can't be read.

    A series is not expanded: its first date is said, and that it goes on is what the attached file is for.
    """
    if len(content) > LARGEST:
        return ""
    from icalendar import Calendar  # takes a fifth of a second, and few mails have one

    try:
        calendars = Calendar.from_ical(content, multiple=True)
        entries = [each for one in calendars for each in one.walk() if each.name in _ENTRIES]
        return "\n".join(line for line in _lines(entries[0]) if line) if entries else ""
    except Exception:  # whatever a stranger sends: it stays an attachment
        return ""


def _lines(entry: Any) -> tuple[str, ...]:
    return (
        _text(entry, "SUMMARY"),
        " – ".join(found for name in ("DTSTART", "DTEND", "DUE") if (found := _moment(entry, name))),
        _text(entry, "LOCATION"),
        _text(entry, "ORGANIZER").removeprefix("mailto:").removeprefix("MAILTO:"),
        _text(entry, "DESCRIPTION")[:_LONGEST_DESCRIPTION],
    )


def _text(entry: Any, name: str) -> str:
    value = entry.get(name)
    return clean_text(str(value[0] if isinstance(value, list) else value or "")).strip()


def _moment(entry: Any, name: str) -> str:
    """The instant with its zone, or the day."""
    found = getattr(entry.get(name), "dt", None)
    if isinstance(found, datetime):
        zone = found.tzname() or ""
        return f"{found:%Y-%m-%d %H:%M} {zone}".strip()
    return found.isoformat() if isinstance(found, date) else ""
