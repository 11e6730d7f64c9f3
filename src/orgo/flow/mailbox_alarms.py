"""A mailbox in trouble is told to the administrators once, and once more when it is over."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from orgo.conf import boot
from orgo.flow import words
from orgo.flow.alarms import alarm
from orgo.flow.house import House, open_house
from orgo.intake.models import Mailbox
from orgo.lib import clock

# What somebody has to mend is told at once; a server that is away often comes back by itself.
AT_ONCE = ("auth_failed", "certificate", "tls", "folder")
GRACE = timedelta(minutes=10)
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
        "unreachable": (
            "The server can't be reached.",
            "Please look whether the server runs, and whether this machine may reach it.",
        ),
        "error": (
            "The server answers what Orgo can't work with.",
            "Please show the words above to whoever runs the server.",
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
        "unreachable": (
            "Le serveur est injoignable.",
            "Merci de vérifier que le serveur fonctionne et que cette machine peut l'atteindre.",
        ),
        "error": (
            "Le serveur répond ce qu'Orgo ne sait pas traiter.",
            "Merci de montrer les mots ci-dessus à qui gère le serveur.",
        ),
    },
}


def watch_mailboxes(house: House | None = None) -> int:
    """Tell of every configured mailbox whose trouble began or ended; returns how many alarms were raised.

    `Mailbox.noticed` remembers what was told; it is changed in the alarm's transaction, so any number of processes tell once.
    """
    names = [account.name for account in boot.config().accounts]
    rows = Mailbox.objects.filter(name__in=names, paused=False)
    changed = rows.filter(~Q(noticed="") | ~Q(state__in=["", "ok"]))
    return sum(_look(row, house or open_house()) for row in changed)


def _look(row: Mailbox, house: House) -> int:
    if row.state == "ok":
        return _tell(row, "", "mailbox_over", house)
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
    return {
        "title": row.name,
        "opened": words.instant(row.since or clock.now(), zone, language),
        "text": wrong,
        "status": row.detail or row.state,
        "next": what_to_do,
        "link": f"{house.public_url}/mailboxes",
    }
