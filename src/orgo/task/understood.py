"""What the words of a reply were understood to mean, and how that is said back to their author (pure)."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from orgo.task.reply_times import Wrong

Kind = Literal[
    "take", "eta", "wait", "assign", "done", "escalate", "not_mine", "undo", "thanks", "none"
]  # fmt: skip


class Understood(msgspec.Struct, frozen=True):
    """What a reply asks for.

    `at` is the instant (UTC) of eta and wait, None where a wait is open or an eta could not be read; `who` is the
    address, or the name as it was written, of assign and not_mine; `zone` is where `at` is shown. `thanks` is a reply
    that says nothing else; `none` is a comment. `language` is that of the words it was understood from, "" for none.
    `wrong` says what is wrong with the time of an eta or wait that was read and can't be meant.
    """

    kind: Kind
    at: datetime | None = None
    who: str | None = None
    zone: str = "UTC"
    language: str = ""
    wrong: Wrong | None = None


NOTHING = Understood("none")

_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_INSTANT = {
    "en": "{weekday} {day} {month} {year}, {time}",
    "fr": "{weekday} {day} {month} {year} à {time}",
    "de": "{weekday}, {day}. {month} {year}, {time} Uhr",
    "es": "{weekday} {day} de {month} de {year}, {time}",
}
_SAID: dict[str, dict[str, str]] = {
    "en": {
        "take": "You take this task.",
        "eta": "You expect it to be done by {at}.",
        "wait": "The task waits until {at}.",
        "wait_open": "The task waits until somebody goes on with it.",
        "assign": "The task is given to {who}.",
        "done": "The task is done.",
        "escalate": "The task is escalated now.",
        "not_mine": "It is not yours, and goes back to be given to the right team.",
        "not_mine_to": "It is not yours, and goes to {who}.",
        "undo": "Your last step on this task is taken back.",
        "thanks": "Thanks; nothing to do.",
        "none": "A comment; nothing to do.",
    },
    "fr": {
        "take": "Vous prenez cette tâche en charge.",
        "eta": "Vous pensez que ce sera fait d'ici le {at}.",
        "wait": "La tâche attend jusqu'au {at}.",
        "wait_open": "La tâche attend que quelqu'un la reprenne.",
        "assign": "La tâche est confiée à {who}.",
        "done": "La tâche est terminée.",
        "escalate": "La tâche est escaladée maintenant.",
        "not_mine": "Elle n'est pas pour vous et repart vers la bonne équipe.",
        "not_mine_to": "Elle n'est pas pour vous et part vers {who}.",
        "undo": "Votre dernière action sur cette tâche est annulée.",
        "thanks": "Un merci ; rien à faire.",
        "none": "Un commentaire ; rien à faire.",
    },
    "de": {
        "take": "Sie übernehmen diese Aufgabe.",
        "eta": "Sie rechnen damit, dass es bis {at} erledigt ist.",
        "wait": "Die Aufgabe wartet bis {at}.",
        "wait_open": "Die Aufgabe wartet, bis jemand mit ihr weitermacht.",
        "assign": "Die Aufgabe geht an {who}.",
        "done": "Die Aufgabe ist erledigt.",
        "escalate": "Die Aufgabe wird jetzt eskaliert.",
        "not_mine": "Sie ist nicht Ihre und geht zurück, damit das richtige Team sie bekommt.",
        "not_mine_to": "Sie ist nicht Ihre und geht an {who}.",
        "undo": "Ihr letzter Schritt an dieser Aufgabe ist zurückgenommen.",
        "thanks": "Ein Dank; nichts zu tun.",
        "none": "Ein Kommentar; nichts zu tun.",
    },
    "es": {
        "take": "Usted se encarga de esta tarea.",
        "eta": "Usted cuenta con que estará hecho para el {at}.",
        "wait": "La tarea espera hasta el {at}.",
        "wait_open": "La tarea espera hasta que alguien la retome.",
        "assign": "La tarea se asigna a {who}.",
        "done": "La tarea está hecha.",
        "escalate": "La tarea se escala ahora.",
        "not_mine": "No es suya y vuelve para que la reciba el equipo correcto.",
        "not_mine_to": "No es suya y pasa a {who}.",
        "undo": "Su último paso en esta tarea queda deshecho.",
        "thanks": "Un agradecimiento; nada que hacer.",
        "none": "Un comentario; nada que hacer.",
    },
}


def said(understood: Understood, language: str) -> str:
    """One sentence that says what was understood, in `language` (en, fr, de, es; English for any other)."""
    language = language[:2].lower() if language[:2].lower() in _SAID else "en"
    key: str = understood.kind
    if key == "wait" and understood.at is None:
        key = "wait_open"
    if key == "not_mine" and understood.who:
        key = "not_mine_to"
    at = _instant(understood.at, understood.zone, language) if understood.at else "?"
    return _SAID[language][key].format(at=at, who=understood.who or "?")


def _instant(at: datetime, zone: str, language: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return _INSTANT[language].format(
        weekday=_WEEKDAYS[language].split()[local.weekday()],
        day=local.day,
        month=_MONTHS[language].split()[local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
    )
