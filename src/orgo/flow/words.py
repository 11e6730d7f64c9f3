"""What letters, pages and the terminal say of a task in plain words, in English and French, an answer to a command in German and Spanish too (pure but for Django's dates)."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils import dateformat, translation

from orgo.lib import clock
from orgo.lib.text import clip
from orgo.task.state import ALL_TOLD, NOBODY_HAS_IT
from orgo.task.values import TaskState

if TYPE_CHECKING:
    from orgo.flow.house import House


_SAID: dict[str, dict[str, str]] = {
    "en": {
        "no_subject": "(no subject)",
        "somebody": "Somebody",
        "unreadable": "A mail could not be read: {mail}",
        "fact": "{name}: {value}",
        "seal_closed": "Closed",
        "seal_events": "Events until then",
        "seal_hash": "Hash",
        "seal_key": "Signed by the key",
        "seal_check": "Check",
        "from": "From",
        "team": "Team",
        "assignee": "In hand",
        "priority": "Priority",
        "due": "Due",
        "eta": "Expected",
        "closed": "It is closed: nothing more happens by itself.",
        "nothing": "Nothing more happens by itself.",
        "level": "What happens next: if it is not {until} by {at}, {who} will be told (level {number}).",
        "until_acknowledged": "taken",
        "until_completed": "done",
        "reminder": "What happens next: a reminder goes out {at}.",
        "wake": "What happens next: it rests until {at}, then goes on.",
        "resting": "What happens next: it rests until somebody goes on with it or the requester answers.",
        "hurry": "What happens next: a letter could not be delivered, so {who} is told at once (level {number}).",
        "why": "Why here? {reasons}",
        "together": "Many mails came on this task within a short time, so what they say is told together.",
        "undo": "Was that wrong? Answer with the word undo within 24 hours and it is taken back.",
        "refused_state": "That was understood, but could not be done: {why}.",
        "refused_sender": "Your mail could not be shown to come from you, so what it asks for was not done. Please open the task in Orgo and do it there.",
        "refused_unclear": "It was not clear what or whom you meant, so nothing was done. Please write it once more, with the whole address or time.",
        "refused_over": "That time is over already, so nothing was done. Please write it once more, with a time that is still to come.",
        "refused_far": "That time is more than ten years ahead, so nothing was done. Please write it once more, with an earlier one.",
        "refused_no_day": "There is no such day, so nothing was done. Please write it once more, with a day that there is.",
        "refused_unknown": "It is not clear who {who} is, so nothing was done. Please name a colleague or a team that is known here.",
        "refused_unknown_near": "It is not clear who {who} is, so nothing was done. Did you mean {near}? Please write it once more.",
        "refused_undo": "There is no step of yours within the last 24 hours that can be taken back, or others have changed all of it since.",
        "already_over": "That time is over already: your mail was long on its way.",
        "unproven": "Take care: it could not be shown that this mail comes from {who}.",
        "undo_left": "What others have changed since then stays as it is.",
        "canary_sent": "the server took it ({reply})",
        "canary_failed": "it could not be sent ({reply})",
        "left_too_large": "larger than max_size",
        "left_unreadable": "the server does not hand it out",
        "left_broken": "the connection ends whenever it is asked for",
        "canary_waits": "it has not left yet",
        "canary_plus": "It went to an address with a plus tag, as answers and bounces do: please see whether the server delivers those.",
        "refused_right": "That was understood, but it is not yours to do on this task.",
        "priorities": "low=low normal=normal high=high urgent=urgent",
    },
    "fr": {
        "no_subject": "(sans objet)",
        "somebody": "Quelqu'un",
        "unreadable": "Un message n'a pas pu être lu : {mail}",
        "fact": "{name} : {value}",
        "seal_closed": "Posé",
        "seal_events": "Événements jusque-là",
        "seal_hash": "Empreinte",
        "seal_key": "Signé par la clé",
        "seal_check": "Vérifier",
        "from": "De",
        "team": "Équipe",
        "assignee": "En charge",
        "priority": "Priorité",
        "due": "Échéance",
        "eta": "Prévu",
        "closed": "C'est clos : plus rien ne se passe de soi-même.",
        "nothing": "Plus rien ne se passe de soi-même.",
        "level": "La suite : si ce n'est pas {until} d'ici {at}, on avertira {who} (niveau {number}).",
        "until_acknowledged": "pris en charge",
        "until_completed": "fait",
        "reminder": "La suite : un rappel partira {at}.",
        "wake": "La suite : en attente jusqu'à {at}, puis la tâche reprend.",
        "resting": "La suite : en attente jusqu'à ce que quelqu'un reprenne ou que le demandeur réponde.",
        "hurry": "La suite : un message n'a pas pu être remis ; on avertit donc {who} tout de suite (niveau {number}).",
        "why": "Pourquoi ici ? {reasons}",
        "together": "Beaucoup de messages sont arrivés sur cette tâche en peu de temps ; leur contenu vous est donc transmis en une fois.",
        "undo": "C'était une erreur ? Répondez par le mot annuler dans les 24 heures et c'est annulé.",
        "refused_state": "C'était compris, mais cela n'a pas pu être fait : {why}.",
        "refused_sender": "Il n'est pas établi que votre message vient de vous, sa demande n'a donc pas été exécutée. Merci d'ouvrir la tâche dans Orgo et de le faire là.",
        "refused_unclear": "Ce que vous demandez, ou à qui, n'était pas clair ; rien n'a été fait. Merci de l'écrire encore une fois, avec l'adresse ou l'heure complète.",
        "refused_over": "Cette heure est déjà passée ; rien n'a été fait. Merci de l'écrire encore une fois, avec une heure à venir.",
        "refused_far": "Cette heure est dans plus de dix ans ; rien n'a été fait. Merci de l'écrire encore une fois, avec une heure plus proche.",
        "refused_no_day": "Ce jour n'existe pas ; rien n'a été fait. Merci de l'écrire encore une fois, avec un jour qui existe.",
        "refused_unknown": "On ne sait pas qui est {who} ; rien n'a été fait. Merci d'indiquer un collègue ou une équipe connus ici.",
        "refused_unknown_near": "On ne sait pas qui est {who} ; rien n'a été fait. Pensiez-vous à {near} ? Merci de l'écrire encore une fois.",
        "refused_undo": "Aucune action de votre part ne peut être annulée : il n'y en a pas depuis 24 heures, ou d'autres ont tout changé depuis.",
        "already_over": "Ce moment est déjà passé : votre message a mis longtemps à arriver.",
        "unproven": "Attention : il n'est pas établi que ce message vient de {who}.",
        "undo_left": "Ce que d'autres ont changé depuis reste en l'état.",
        "canary_sent": "le serveur l'a accepté ({reply})",
        "canary_failed": "il n'a pas pu être envoyé ({reply})",
        "left_too_large": "plus grand que max_size",
        "left_unreadable": "le serveur ne le remet pas",
        "left_broken": "la connexion se coupe à chaque fois qu'il est demandé",
        "canary_waits": "il n'est pas encore parti",
        "canary_plus": "Il allait à une adresse avec une étiquette « + », comme les réponses et les avis de non-remise : merci de vérifier que le serveur les distribue.",
        "refused_right": "C'était compris, mais cela ne vous revient pas sur cette tâche.",
        "priorities": "low=basse normal=normale high=haute urgent=urgente",
    },
    # What stands in an answer to a command; all else is said in English and French.
    "de": {
        "no_subject": "(ohne Betreff)",
        "somebody": "Jemand",
        "from": "Von",
        "team": "Team",
        "assignee": "Bei",
        "priority": "Priorität",
        "due": "Frist",
        "eta": "Erwartet",
        "together": "In kurzer Zeit kamen viele Nachrichten zu dieser Aufgabe; was sie sagen, steht deshalb hier zusammen.",
        "undo": "War das falsch? Antworten Sie innerhalb von 24 Stunden mit dem Wort rückgängig, und es wird zurückgenommen.",
        "refused_state": "Das wurde verstanden, war aber nicht möglich: {why}.",
        "refused_sender": "Es ließ sich nicht zeigen, dass Ihre Nachricht von Ihnen kommt; deshalb wurde nicht getan, was sie verlangt. Bitte öffnen Sie die Aufgabe in Orgo und tun Sie es dort.",
        "refused_unclear": "Es war nicht klar, was oder wen Sie meinen; es wurde nichts getan. Bitte schreiben Sie es noch einmal, mit der ganzen Adresse oder Zeit.",
        "refused_over": "Diese Zeit ist schon vorbei; es wurde nichts getan. Bitte schreiben Sie es noch einmal, mit einer Zeit, die noch kommt.",
        "refused_far": "Diese Zeit ist mehr als zehn Jahre entfernt; es wurde nichts getan. Bitte schreiben Sie es noch einmal, mit einer früheren.",
        "refused_no_day": "Diesen Tag gibt es nicht; es wurde nichts getan. Bitte schreiben Sie es noch einmal, mit einem Tag, den es gibt.",
        "refused_unknown": "Es ist nicht klar, wer {who} ist; es wurde nichts getan. Bitte nennen Sie Kollegen oder ein Team, die hier bekannt sind.",
        "refused_unknown_near": "Es ist nicht klar, wer {who} ist; es wurde nichts getan. Meinten Sie {near}? Bitte schreiben Sie es noch einmal.",
        "refused_undo": "Es gibt keinen Schritt von Ihnen aus den letzten 24 Stunden, der sich zurücknehmen lässt, oder andere haben seither alles daran geändert.",
        "refused_right": "Das wurde verstanden, steht Ihnen bei dieser Aufgabe aber nicht zu.",
        "already_over": "Diese Zeit ist schon vorbei: Ihre Nachricht war lange unterwegs.",
        "undo_left": "Was andere seither geändert haben, bleibt, wie es ist.",
        "priorities": "low=niedrig normal=normal high=hoch urgent=dringend",
    },
    "es": {
        "no_subject": "(sin asunto)",
        "somebody": "Alguien",
        "from": "De",
        "team": "Equipo",
        "assignee": "A cargo de",
        "priority": "Prioridad",
        "due": "Plazo",
        "eta": "Previsto",
        "together": "Han llegado muchos mensajes sobre esta tarea en poco tiempo; por eso se le transmiten juntos.",
        "undo": "¿Ha sido un error? Responda con la palabra deshacer en las próximas 24 horas y quedará deshecho.",
        "refused_state": "Se ha entendido, pero no se ha podido hacer: {why}.",
        "refused_sender": "No se ha podido demostrar que su mensaje viene de usted, así que no se ha hecho lo que pide. Abra la tarea en Orgo y hágalo allí, por favor.",
        "refused_unclear": "No ha quedado claro qué o a quién se refiere; no se ha hecho nada. Escríbalo otra vez, por favor, con la dirección o la hora completa.",
        "refused_over": "Esa hora ya ha pasado; no se ha hecho nada. Escríbalo otra vez, por favor, con una hora que aún no haya pasado.",
        "refused_far": "Faltan más de diez años para esa hora; no se ha hecho nada. Escríbalo otra vez, por favor, con una hora más cercana.",
        "refused_no_day": "Ese día no existe; no se ha hecho nada. Escríbalo otra vez, por favor, con un día que exista.",
        "refused_unknown": "No está claro quién es {who}; no se ha hecho nada. Indique, por favor, un compañero o un equipo conocido aquí.",
        "refused_unknown_near": "No está claro quién es {who}; no se ha hecho nada. ¿Quería decir {near}? Escríbalo otra vez, por favor.",
        "refused_undo": "No hay ningún paso suyo de las últimas 24 horas que se pueda deshacer, o desde entonces otros lo han cambiado todo.",
        "refused_right": "Se ha entendido, pero no le corresponde a usted en esta tarea.",
        "already_over": "Esa hora ya ha pasado: su mensaje ha tardado mucho en llegar.",
        "undo_left": "Lo que otros han cambiado desde entonces queda como está.",
        "priorities": "low=baja normal=normal high=alta urgent=urgente",
    },
}
# What task/state.py answers to a command that came by mail.
_REFUSALS = {
    "fr": {
        "it is completed": "la tâche est terminée", "it is cancelled": "la tâche est annulée",
        "it is failed": "la tâche a échoué", "it is not closed": "la tâche n'est pas close",
        "it is not waiting": "la tâche n'est pas en attente",
        ALL_TOLD: "tout le monde est déjà averti",
        NOBODY_HAS_IT: "personne n'a cette tâche en charge ; dites jusqu'à quand, ou prenez-la d'abord",
    },
    "de": {
        "it is completed": "die Aufgabe ist erledigt", "it is cancelled": "die Aufgabe ist gestrichen",
        "it is failed": "die Aufgabe ist gescheitert", "it is not closed": "die Aufgabe ist nicht abgeschlossen",
        "it is not waiting": "die Aufgabe wartet nicht",
        ALL_TOLD: "alle sind schon benachrichtigt",
        NOBODY_HAS_IT: "niemand hat diese Aufgabe übernommen; sagen Sie, bis wann, oder übernehmen Sie sie zuerst",
    },
    "es": {
        "it is completed": "la tarea está terminada", "it is cancelled": "la tarea está cancelada",
        "it is failed": "la tarea ha fracasado", "it is not closed": "la tarea no está cerrada",
        "it is not waiting": "la tarea no está en espera",
        ALL_TOLD: "ya se ha avisado a todos",
        NOBODY_HAS_IT: "nadie se encarga de esta tarea; diga hasta cuándo, o encárguese usted antes",
    },
}  # fmt: skip


def refused(why: str, language: str) -> str:
    """That a command was understood and could not be done, with the reason that the task gave."""
    return said("refused_state", language, why=_REFUSALS.get(language, {}).get(why, why))


def said(key: str, language: str, **values: str) -> str:
    """A phrase in this language (English where it has none)."""
    phrase = _SAID.get(language, _SAID["en"]).get(key, _SAID["en"][key])
    return phrase.format_map(values) if values else phrase


def no_subject(language: str) -> str:
    """What stands in place of an empty subject."""
    return said("no_subject", language)


def somebody(language: str) -> str:
    """What stands in place of a name that is not told."""
    return said("somebody", language)


def priority(value: str, language: str) -> str:
    """A priority in words."""
    pairs = dict(pair.split("=") for pair in said("priorities", language).split())
    return pairs.get(value, value)


def instant(at: datetime | None, zone: ZoneInfo, language: str) -> str:
    """An instant as people there write it: "Fri 4 Sep, 16:50", in another year than now "Mon 10 Jan 2028, 10:00"."""
    if at is None:
        return ""
    this_year = clock.now().astimezone(zone).year
    there = at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    return _local(there, language if language in _SAID else "en", there.year != this_year)


@lru_cache(4096)
def _local(at: datetime, language: str, with_year: bool) -> str:
    """A local time without its zone: of two instants that are the same the cache would tell one in the other's zone."""
    # The names of months are small in French ("b"), and Django's "M" makes them great.
    month = "M" if language == "en" else "b"
    with translation.override(language):
        return dateformat.format(at, f"D j {month} Y, H:i" if with_year else f"D j {month}, H:i")


def facts(state: TaskState, house: "House", language: str) -> str:
    """The lines that say what the task is, one fact each."""
    zone = house.zone_of(state.team)
    sender = "" if state.anonymize else " ".join(filter(None, [state.requester_name, f"<{state.requester}>"]))
    rows = [
        ("from", sender if state.requester else ""),
        ("team", house.directory.team(state.team).title),
        ("assignee", house.name_of(state.assignee) if state.assignee else ""),
        ("priority", priority(state.priority, language) if state.priority != "normal" else ""),
        ("due", instant(state.due_at, zone, language)),
        ("eta", instant(state.eta_at, zone, language)),
    ]
    return "\n".join(
        said("fact", language, name=said(name, language), value=clip(value, 300))
        for name, value in rows
        if value
    )


def what_next(state: TaskState, house: "House", language: str) -> str:
    """What the clock will do if nobody acts."""
    if state.is_closed:
        return said("closed", language)
    if state.timer is None:
        return said("resting" if state.state == "waiting" else "nothing", language)
    at = instant(state.timer.at, house.zone_of(state.team), language)
    if state.timer.kind != "level":
        return said(state.timer.kind, language, at=at)
    level = house.level(state, state.timer.number)
    who = house.name_of(house.who_hears(state, level))
    if state.hurry:
        return said("hurry", language, who=who, number=str(state.timer.number))
    until = said(f"until_{level.until}", language)
    return said("level", language, at=at, who=who, number=str(state.timer.number), until=until)


def why(decision: dict[str, Any] | None, language: str) -> str:
    """Why the rules sent it here."""
    reasons = (decision or {}).get("why", {})
    lines = reasons.get(language) or reasons.get("en") or []
    return said("why", language, reasons=" ".join(lines)) if lines else ""
