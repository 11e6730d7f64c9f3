"""The blueprint's block for a mail that was decided, as `orgo mail route` prints it and the log shows it."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orgo.conf.logging import within
from orgo.lib.text import clean_name

if TYPE_CHECKING:
    from orgo.intake.models import Mail

log = logging.getLogger("orgo.mail")


def block(sender: str, subject: str, keywords: Sequence[str], routed_to: str) -> str:
    """The five lines, word for word."""
    return "\n".join(
        [
            "Parsed Email:",
            f"Sender: {clean_name(sender)}",
            f"Subject: {clean_name(subject)}",
            f"Keywords: [{', '.join(keywords)}]",
            f"Routed To: {clean_name(routed_to)}",
        ]
    )


def log_placed(mail: "Mail") -> None:
    """Say in the log where a mail ended. A confidential one is named by its number only."""
    if log.isEnabledFor(logging.INFO):
        with within(mail=mail.pk, task=mail.task):
            _log(mail)


def _log(mail: "Mail") -> None:
    if mail.outcome == "opened" and mail.decision and not mail.decision.get("private"):
        decision = mail.decision
        log.info("%s", block(mail.from_address, mail.subject, decision["keywords"], decision["route_to"]))
    elif mail.outcome:
        log.info("mail %s is %s%s", mail.pk, mail.outcome, f": {mail.reason}" if mail.reason else "")
