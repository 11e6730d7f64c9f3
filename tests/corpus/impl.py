"""Orgo's reader as the corpus' expectations want to call it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from orgo import message as orgo_message


def parse(raw: bytes) -> dict[str, Any]:
    """A mail's sender, subject, bodies and attachments."""
    found = orgo_message.parse(raw)
    sender = found.sender
    return {
        "from_addr": sender.address if sender else "",
        "from_name": sender.name if sender else "",
        "subject": found.subject,
        "text": found.text,
        "html": found.html,
        "attachments": [(a.filename, a.size) for a in found.attachments],
    }


def reply(text: str) -> str:
    """The reply's own words."""
    return orgo_message.reply_text(text)


def bounce(raw: bytes) -> dict[str, Any]:
    """Whether it is a bounce, and of whom."""
    found = orgo_message.parse(raw)
    recipients = found.bounce.recipients if found.bounce else []
    return {
        "is_bounce": found.is_bounce,
        "auto": found.is_auto_reply or found.is_auto_generated,
        "temporary": [r.address for r in recipients if r.action == "delayed"],
        "permanent": [r.address for r in recipients if r.action == "failed"],
        "status": [r.status for r in recipients if r.status],
    }
