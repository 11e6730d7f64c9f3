"""Backups in trouble are told to the administrators once, and once more when it is over."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from orgo.backup import state
from orgo.conf.config import Config
from orgo.flow import words
from orgo.flow.alarms import alarm
from orgo.flow.house import House, open_house
from orgo.flow.mailbox_alarms import Awake
from orgo.lib import clock
from orgo.ops.models import Backups

# So long a trouble must be seen by a process that is awake: a laptop that slept makes its backup first.
GRACE = timedelta(minutes=10)
# A trouble in words, and what to do about it.
_SAID = {
    "en": {
        "waiting": (
            "They are made, but can't leave this machine: a disk that breaks now takes them with it.",
            "Please look whether the place can be reached, and whether it takes what is sent.",
        ),
        "overdue": (
            "None was made when it should have been.",
            "Please look whether Orgo's clock runs (orgo status), whether the disk has room, and try: orgo backup create",
        ),
    },
    "fr": {
        "waiting": (
            "Elles sont faites, mais ne peuvent pas quitter cette machine : un disque en panne les emporterait.",
            "Merci de vérifier que l'emplacement est joignable et qu'il accepte ce qui lui est envoyé.",
        ),
        "overdue": (
            "Aucune n'a été faite au moment prévu.",
            "Vérifiez que l'horloge d'Orgo tourne (orgo status), que le disque a de la place ; essayez orgo backup create",
        ),
    },
}
_awake = Awake()


def watch_backups(config: Config, house: House | None = None) -> int:
    """Tell of backups that can't leave or are overdue, and when that is over; returns how many alarms were raised.

    `Backups.told` remembers what was told; it is changed in the alarm's transaction, so any number of processes tell once.
    """
    row, now = state.read(), clock.now()
    trouble = _trouble(row, config, now)
    rested = now - _awake.since(now) < GRACE
    if bool(trouble) == bool(row.told) or (trouble and rested):
        return 0
    house = house or open_house()
    with transaction.atomic():
        mine = Backups.objects.filter(pk=row.pk, told=row.told).update(told=trouble)
        if mine:
            kind = "backup_failed" if trouble else "backup_over"
            alarm("backup", kind, lambda language: _values(row, trouble or row.told, house, language), house)
    return mine


def _trouble(row: Backups, config: Config, now: datetime) -> str:
    if row.away_since is not None and row.away_since + state.PATIENCE < now:
        return "waiting"
    return "overdue" if state.is_overdue(row, config) else ""


def _values(row: Backups, trouble: str, house: House, language: str) -> dict[str, str]:
    wrong, what_to_do = _SAID[language if language in _SAID else "en"][trouble]
    zone = ZoneInfo(house.config.organization.zone)
    return {
        "title": house.config.backup.to if house.config.backup else "",
        "opened": words.instant(row.made_at, zone, language) or "-",
        "text": wrong,
        "status": row.reason,
        "next": what_to_do,
        "link": house.public_url,
    }
