"""What every page shows: whose Orgo it is, what is in trouble, which clock runs."""

from contextlib import suppress
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orgo.conf import boot
from orgo.lib import clock
from orgo.lib.clock import FastClock
from orgo.lib.problems import BadInput
from orgo.people.models import User
from orgo.web import words


def house(request: HttpRequest) -> dict[str, Any]:
    """The template context of the house."""
    config = boot.config()
    running = clock.current()
    user = _user(request)
    return {
        "organization_name": config.organization.name,
        "clock_rate": round(running.rate) if isinstance(running, FastClock) and running.rate != 1 else None,
        "now": clock.now(),
        "troubles": _troubles() if user is not None and user.may("see_mail") else [],
        "permissions": user.permissions if user is not None else frozenset(),
        "has_catcher": (config.var / "caught").is_dir(),
    }


def _user(request: HttpRequest) -> User | None:
    """The signed-in user (request.user is lazy: its class is not that of what it stands for)."""
    user = getattr(request, "user", None)
    return cast(User, user) if user is not None and user.is_authenticated else None


def _backups() -> list[str]:
    """Backups that can't leave, since when; and one that should have been made."""
    from orgo.backup.state import summary

    state = summary(boot.config())
    if state is None:
        return []
    found = []
    if state["away_since"]:
        words = _("Backups wait on this machine since %(since)s, for they can't leave: %(reason)s")
        found.append(words % {"since": state["away_since"][:16].replace("T", " "), "reason": state["reason"]})
    if state["overdue"] and state["last"]:
        found.append(
            _("The last backup is older than it should be: %s") % state["last"][:16].replace("T", " ")
        )
    elif state["overdue"]:
        found.append(_("No backup was ever made, though they are configured"))
    if state["lost"]:
        said = (
            "The bytes of %s mail are lost and in no backup: orgo status",
            "The bytes of %s mails are lost and in no backup: orgo status",
        )
        found.append(ngettext(*said, state["lost"]) % state["lost"])
    return found


def _maybe_sent() -> list[str]:
    """Letters that are held since a backup was restored."""
    from orgo.outbox.claim import held_as_maybe_sent

    count = held_as_maybe_sent().count()
    said = (
        "%s letter may have left before the backup was restored and is held: orgo backup release",
        "%s letters may have left before the backup was restored and are held: orgo backup release",
    )
    return [ngettext(*said, count) % count] if count else []


def _rules() -> dict[str, str]:
    """A rules file that is refused, as this process sees it: where pages are a part of their own, no clock tells it."""
    from orgo.flow.house import RULES

    with suppress(BadInput, OSError):  # nothing starts with such a file
        RULES.current(boot.config())
    return {"rules": RULES.sentence} if RULES.sentence else {}


def _troubles() -> list[str]:
    """What an administrator should know now."""
    from orgo.intake import space
    from orgo.intake.queries import quarantined
    from orgo.ops import trouble

    sentences = {**trouble.sentences(), **_rules(), "disk": space.lacking(boot.config())}
    once = dict.fromkeys(filter(None, sentences.values()))  # many mailboxes may say the same
    found = [words.trouble(sentence) for sentence in once]
    if boot.config().smtp is None:
        found.append(_("No server for outgoing mail is set up yet; letters wait here."))
    found += [*_backups(), *_maybe_sent()]
    count = quarantined()
    if count:
        said = (
            "%s mail could not be read and is in quarantine.",
            "%s mails could not be read and are in quarantine.",
        )
        found.append(ngettext(*said, count) % count)
    return found
