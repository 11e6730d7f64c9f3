"""Lengths of time as a person writes them: "2 hours", "30 min", "1 day 4 hours", "1h30m" (pure)."""

import re
from dataclasses import dataclass

FORMS = 'write it like "2 hours", "30 min", "1 day", "1 day 4 hours" or "1h30m"'
_LONGEST_DAYS = 3660
_UNITS = {
    "s": "s sec secs second seconds seconde secondes sekunde sekunden segundo segundos",
    "m": "m min mins minute minutes minuten minuto minutos",
    "h": "h hr hrs hour hours heure heures stunde stunden std hora horas",
    "d": "d day days jour jours j tag tage tagen día días dia dias",
    "w": "w week weeks semaine semaines woche wochen semana semanas",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_PART = re.compile(r"\s*(?:and|et|und|y|,)?\s*([0-9]{1,9})\s*([a-zíé]+)\.?", re.IGNORECASE)


class NotADuration(ValueError):
    """A text that is no length of time: `given` as it was written, and `wrong`, what is wrong with it."""

    def __init__(self, given: str, wrong: str) -> None:
        super().__init__(f'"{given}" {wrong}; {FORMS}')
        self.given, self.wrong = given, wrong


@dataclass(frozen=True)
class Duration:
    """A length of time. `days` are days of a calendar (a working day, not 86,400 s), `seconds` are real time."""

    days: int
    seconds: int

    def __str__(self) -> str:
        parts = [_said(self.days, "day")]
        hours, rest = divmod(self.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        parts += [
            _said(hours, "hour"),
            f"{minutes} min" if minutes else "",
            f"{seconds} s" if seconds else "",
        ]
        return " ".join(part for part in parts if part) or "0 s"


def parse_duration(text: str) -> Duration:
    """Read a duration, in English, French, German or Spanish words.

    A week is seven days of the calendar. Raises NotADuration, which lists the forms, for anything else, for nothing at
    all, and for more than ten years.
    """
    days = seconds = end = 0
    given = text.strip()
    while end < len(given):
        part = _PART.match(given, end)
        unit = _UNIT_OF.get(part[2].lower()) if part else None
        if part is None or unit is None:
            raise NotADuration(text, "is no duration")
        number = int(part[1])
        if unit in _SECONDS:
            seconds += number * _SECONDS[unit]
        else:
            days += number * (7 if unit == "w" else 1)
        end = part.end()
    if not days and not seconds:
        raise NotADuration(text, "is no time at all")
    if days + seconds // 86_400 > _LONGEST_DAYS:
        raise NotADuration(text, "is more than ten years")
    return Duration(days, seconds)


def _said(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}" if number else ""
