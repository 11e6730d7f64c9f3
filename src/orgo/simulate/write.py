"""Writes the mails of a scenario as mail clients do: bytes, as a server would hand them in."""

import email.utils
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage

from orgo.delivery.ports import Parcel
from orgo.simulate.script import AnswerStep, MailStep, Scenario


def mail(step: MailStep, scenario: Scenario, at: datetime, number: int, reference: str = "") -> bytes:
    """A new mail; `number` makes its Message-ID its own, `reference` stands for {reference} in subject and body."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = step.sender
    message["To"] = ", ".join(step.to)
    if step.cc:
        message["Cc"] = ", ".join(step.cc)
    message["Subject"] = step.subject.replace("{reference}", reference)
    message.set_content(step.body.replace("{reference}", reference))
    for named in step.attach:
        path = scenario.path(named)
        message.add_attachment(
            path.read_bytes(), maintype="application", subtype="octet-stream", filename=path.name
        )
    return _bytes(message, at, number, step.headers)


def answer(step: AnswerStep, letter: Parcel, at: datetime, number: int) -> bytes:
    """An answer to `letter`: the words on top, the letter quoted below."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = step.sender
    message["To"] = letter.headers["Reply-To"]
    message["Subject"] = step.subject if step.subject is not None else f"Re: {letter.subject}"
    message["In-Reply-To"] = letter.message_id
    quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
    message.set_content(f"{step.body}\n\nOn {at:%a, %d %b %Y at %H:%M}, Orgo wrote:\n{quoted}\n")
    return _bytes(message, at, number, step.headers)


def _bytes(message: EmailMessage, at: datetime, number: int, headers: Mapping[str, str]) -> bytes:
    usual = {
        "Date": email.utils.format_datetime(at),
        "Message-ID": f"<{number}.{at:%Y%m%d%H%M%S}@simulation.example>",
    }
    for name, value in {**usual, **headers}.items():
        del message[name]
        message[name] = value
    return message.as_bytes()
