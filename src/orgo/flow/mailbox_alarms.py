"""A mailbox in trouble is told to the administrators once, and once more when it is over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from orgo.audit.models import Event, record
from orgo.conf import boot
from orgo.conf.config import Mailbox as Account
from orgo.flow import words
from orgo.flow.alarms import alarm
from orgo.flow.house import House, open_house
from orgo.intake.mailbox.backoff import silent_after
from orgo.intake.models import Mailbox, Receipt
from orgo.lib import clock

# What somebody has to mend is told at once; a server that is away often comes back by itself.
AT_ONCE = ("auth_failed", "certificate", "tls", "folder")
GRACE = timedelta(minutes=10)
LONGEST_GAP = timedelta(minutes=5)
MOST_LISTED = 20
# A state in words, and what to do about it.
_SAID: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "auth_failed": (
            "The server does not take the user name and password.",
            "Please look whether the password was changed or has ended, and put the new one where config.yaml says.",
        ),
        "certificate": (
            "The server's certificate is not to be believed, so nothing was sent.",
            "Please ask whoever runs the server for a valid certificate; one of your own authority is named by ca_file.",
        ),
        "tls": (
            "The server does not speak TLS as configured, so nothing was sent.",
            "Please compare the keys tls and port in config.yaml with what the server offers.",
        ),
        "folder": (
            "A folder is not there.",
            "Please make it on the server, or name another under folders in config.yaml.",
        ),
        "no_room": (
            "Orgo's own disk has too little room for mail, so it stays on the server.",
            "Please make room on the machine that Orgo runs on; then it is fetched by itself.",
        ),
        "unreachable": (
            "The server can't be reached.",
            "Please look whether the server runs, and whether this machine may reach it.",
        ),
        "error": (
            "The server answers what Orgo can't work with.",
            "Please show the words above to whoever runs the server.",
        ),
        "silent": (
            "It was well then, and no look at it has ended since.",
            "Please look whether Orgo's intake runs (orgo status), and start it anew.",
        ),
    },
    "fr": {
        "auth_failed": (
            "Le serveur n'accepte pas le nom d'utilisateur et le mot de passe.",
            "Merci de vérifier si le mot de passe a changé ou expiré, et de mettre le nouveau là où config.yaml le dit.",
        ),
        "certificate": (
            "Le certificat du serveur n'est pas digne de foi, rien n'a donc été envoyé.",
            "Merci de demander un certificat valide à qui gère le serveur ; celui d'une autorité interne se nomme par ca_file.",
        ),
        "tls": (
            "Le serveur ne parle pas TLS comme configuré, rien n'a donc été envoyé.",
            "Merci de comparer les clés tls et port de config.yaml avec ce que le serveur propose.",
        ),
        "folder": (
            "Un dossier n'existe pas.",
            "Merci de le créer sur le serveur, ou d'en nommer un autre sous folders dans config.yaml.",
        ),
        "no_room": (
            "Le disque d'Orgo n'a pas assez de place pour le courrier, qui reste donc sur le serveur.",
            "Merci de faire de la place sur la machine d'Orgo ; la relève reprend alors d'elle-même.",
        ),
        "unreachable": (
            "Le serveur est injoignable.",
            "Merci de vérifier que le serveur fonctionne et que cette machine peut l'atteindre.",
        ),
        "error": (
            "Le serveur répond ce qu'Orgo ne sait pas traiter.",
            "Merci de montrer les mots ci-dessus à qui gère le serveur.",
        ),
        "silent": (
            "Tout allait bien alors, et aucune relève ne s'est terminée depuis.",
            "Merci de vérifier que la réception d'Orgo tourne (orgo status), et de la relancer.",
        ),
    },
}


class Awake:
    """Since when this process looks without a gap: what it slept through (a laptop's night) is no mailbox's silence."""

    def __init__(self) -> None:
        self._since = self._last = datetime.min.replace(tzinfo=UTC)

    def since(self, now: datetime) -> datetime:
        """The instant from which on silence counts; called by each look."""
        if not timedelta(0) <= now - self._last <= LONGEST_GAP:
            self._since = now
        self._last = now
        return self._since


_awake = Awake()


def watch_mailboxes(house: House | None = None) -> int:
    """Tell of every configured mailbox whose trouble began or ended, or that keeps mail; returns how many alarms were raised.

    One that is well, and of which no look has ended for long, is in trouble too: whoever watches it hangs, or is dead.

    `Mailbox.noticed` remembers what was told; it is changed in the alarm's transaction, so any number of processes tell once.
    """
    house = house or open_house()
    accounts = {account.name: account for account in boot.config().accounts}
    rows = Mailbox.objects.filter(name__in=list(accounts), paused=False).exclude(state="")
    now = clock.now()
    since = _awake.since(now)
    told = sum(_look(row, house, _is_silent(row, accounts[row.name], since, now)) for row in rows)
    return told + _watch_left(list(accounts), house)


def _is_silent(row: Mailbox, account: Account, since: datetime, now: datetime) -> bool:
    if row.state != "ok" or row.last_ok_at is None:
        return False
    return max(row.last_ok_at, since) + silent_after(account.poll) < now


def _watch_left(names: Sequence[str], house: House) -> int:
    """Tell of mails that stay on a live mailbox's server: one alarm for all that were left since the last one.

    The trail's event `mailbox.left` remembers up to which receipt was told; the mailbox's row is the lock.
    """
    left = Receipt.objects.filter(mail=None).exclude(problem="")
    rows = Mailbox.objects.filter(name__in=names, mode="live", pk__in=left.values("folder__mailbox"))
    return sum(_tell_left(row, house) for row in rows)


def _tell_left(row: Mailbox, house: House) -> int:
    with transaction.atomic():
        Mailbox.objects.select_for_update().get(pk=row.pk)
        told = (
            Event.objects.filter(type="mailbox.left", data__mailbox=row.name).order_by("-at", "-id").first()
        )
        new = list(
            Receipt.objects.filter(folder__mailbox=row, mail=None, pk__gt=told.data["receipt"] if told else 0)
            .exclude(problem="")
            .select_related("folder")
            .order_by("pk")
        )
        if not new:
            return 0
        record("mailbox.left", actor="", actor_kind="system", mailbox=row.name, receipt=new[-1].pk)
        alarm(
            f"mailbox {row.name}",
            "mails_left",
            lambda language: _left_values(row, new, house, language),
            house,
        )
    return 1


def _left_values(row: Mailbox, new: Sequence[Receipt], house: House, language: str) -> dict[str, str]:
    zone = ZoneInfo(house.config.organization.zone)
    lines = [
        f"{one.folder.name} {one.uid[:40]}, {words.instant(one.arrived_at, zone, language) or '-'}, "
        f"{one.size / 1_000_000:,.1f} MB: {words.said(f'left_{one.problem}', language)}"
        for one in new[:MOST_LISTED]
    ]
    more = ["…"] if len(new) > MOST_LISTED else []
    link = f"{house.public_url}/mailboxes"
    return {"title": row.name, "level": str(len(new)), "facts": "\n".join(lines + more), "link": link}


def _look(row: Mailbox, house: House, silent: bool = False) -> int:
    if silent:
        return 0 if row.noticed else _tell(row, "silent", "mailbox_failed", house)
    if row.state == "ok":
        return _tell(row, "", "mailbox_over", house) if row.noticed else 0
    since = row.since or clock.now()
    if row.noticed or (row.state not in AT_ONCE and clock.now() - since < GRACE):
        return 0
    return _tell(row, row.state, "mailbox_failed", house)


def _tell(row: Mailbox, noticed: str, letter: str, house: House) -> int:
    trouble = noticed or row.noticed
    with transaction.atomic():
        mine = Mailbox.objects.filter(pk=row.pk, state=row.state, noticed=row.noticed).update(noticed=noticed)
        if mine:
            alarm(
                f"mailbox {row.name}", letter, lambda language: _values(row, trouble, house, language), house
            )
    return mine


def _values(row: Mailbox, trouble: str, house: House, language: str) -> dict[str, str]:
    wrong, what_to_do = _SAID[language if language in _SAID else "en"].get(trouble, ("", ""))
    zone = ZoneInfo(house.config.organization.zone)
    since = row.last_ok_at if trouble == "silent" else row.since
    return {
        "title": row.name,
        "opened": words.instant(since or clock.now(), zone, language),
        "text": wrong,
        "status": row.detail or row.state,
        "next": what_to_do,
        "link": f"{house.public_url}/mailboxes",
    }
