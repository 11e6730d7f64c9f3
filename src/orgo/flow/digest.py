"""Triage's daily digest: mail that made no task although somebody may have meant it (DESIGN.md section 6, "Machines")."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, QuerySet

from orgo import dispatch
from orgo.audit.models import Event, record
from orgo.flow import words
from orgo.flow.alarms import letter_of
from orgo.flow.daily import last_hour
from orgo.flow.house import House, open_house
from orgo.flow.place import MOST_HOPS, OUR_PROBE
from orgo.flow.quarantine import PUT_ASIDE
from orgo.flow.restored import doubt, doubted_until
from orgo.intake.models import Mail
from orgo.intake.queries import UNHEEDED
from orgo.lib import clock
from orgo.lib.text import clean_header, clip
from orgo.outbox.compose import compose

KIND = "digest"
# What was being decided at that hour is in the database by then.
SETTLED = timedelta(minutes=5)
MOST_LINES = 100
# Why a mail was ignored, as its row says it.
_IN_FRENCH = {
    "mail of a list or machine that no rule wants": "courrier d'une liste ou d'une machine, qu'aucune règle ne veut",
    "an automatic reply": "une réponse automatique",
    "one of our own letters came back": "un message d'Orgo est revenu",
    "a bounce whose signature is not ours": "un avis de non-remise dont la signature n'est pas la nôtre",
    "a bounce of no letter of ours": "un avis de non-remise d'un message qu'Orgo n'a pas envoyé",
    "a machine answered a letter's return path, which no person sees": "une machine a répondu à l'adresse de retour d'un message",
    f"it passed more than {MOST_HOPS} servers: a loop": f"il a passé plus de {MOST_HOPS} serveurs : une boucle",
}


def send_digest(house: House | None = None) -> int:
    """Write triage one letter a day about ignored mail, none where there was none; returns how many were written.

    Any number of processes may call this: the letters' Message-IDs are the day's, and unique.
    """
    house = house or open_house()
    until = last_hour(house.zone_of(house.triage), clock.now() - SETTLED)
    last = Event.objects.filter(type="digest.sent").order_by("-at", "-id").first()
    since = datetime.fromisoformat(last.data["until"]) if last else until - timedelta(days=1)
    if since >= until:
        return 0
    ignored = _ignored(since, until)
    people = _readers(house) if ignored.exists() else []
    try:
        with transaction.atomic():
            return _write(people, ignored, until, house) if people else 0
    except IntegrityError:  # another clock was quicker
        return 0


def _ignored(since: datetime, until: datetime) -> QuerySet[Mail]:
    """What belongs to no task, is no probe mail of our own, and was not put aside by a person."""
    mails = Mail.objects.filter(UNHEEDED, task=None, decided_at__gt=since, decided_at__lte=until)
    return mails.exclude(reason=OUR_PROBE).exclude(reason__startswith=PUT_ASIDE)


def _readers(house: House) -> list[str]:
    """The people of triage; the administrators where only Orgo would read it."""
    directory, now = house.directory, clock.now()
    for group in ([house.triage], directory.administrators()):
        found = [who for who in directory.reach(group, now) if not house.reads(who)]
        if found:
            return found
    return []


def _write(people: list[str], ignored: QuerySet[Mail], until: datetime, house: House) -> int:
    event, doubted = (
        record("digest.sent", actor="", actor_kind="clock", until=until.isoformat()),
        doubted_until(),
    )
    for number, recipient in enumerate(people):
        language = house.directory.language_of(recipient, house.config.organization.language)
        said = compose(KIND, language, _values(ignored, house, language))
        letter = letter_of(event.pk, recipient, said.subject, said.text, house, language)
        letter.kind, letter.repeat = KIND, "hold"
        letter.message_id = f"<{until:%Y-%m-%d}.{number}.digest@{house.domain}>"
        if doubted is not None and until < doubted:
            doubt(letter)
        letter.save(force_insert=True)
    transaction.on_commit(lambda: dispatch.ring("delivery"))
    return len(people)


def _values(ignored: QuerySet[Mail], house: House, language: str) -> dict[str, str]:
    """What the letter says: equal mails of one sender are one line, those that came last at the top."""
    groups = ignored.values("from_address", "subject", "reason").annotate(times=Count("id"), last=Max("id"))
    rows = list(groups.order_by("-last")[: MOST_LINES + 1])
    lines = [_line(row, language) for row in rows[:MOST_LINES]] + (["…"] if len(rows) > MOST_LINES else [])
    return {
        "level": str(ignored.count()),
        "facts": "\n".join(lines),
        "link": f"{house.public_url}/ignored",
    }


def _line(row: Mapping[str, Any], language: str) -> str:
    subject = clip(clean_header(row["subject"]), 120) or words.no_subject(language)
    times = f" ({row['times']}×)" if row["times"] > 1 else ""
    sender = row["from_address"] or words.somebody(language)
    reason: str = row["reason"]
    return f"- {sender}: {subject}{times}\n  {_IN_FRENCH.get(reason, reason) if language == 'fr' else reason}"
