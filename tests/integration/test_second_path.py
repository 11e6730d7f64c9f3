"""Letters by webhook: to a team's own, to a level's, and for all that is urgent when mail can't leave."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orgo.conf import boot, load
from orgo.delivery.email.courier import EmailCourier
from orgo.delivery.ports import DeliveryError
from tests.office import CONFIG, PEOPLE, RULES, Office
from tests.servers.hook import Hook

HOOKED = (
    CONFIG
    + """
webhooks:
  ops: {{url: "{url}", secret: "hush", internal: true}}
  works: {{url: "{url}/works", form: chat, internal: true, alarms: false}}
"""
)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.stop()


def office_with(hook: Hook, home: Path, config: str = HOOKED, **more: str) -> Office:
    return Office(home, config.replace("{url}", hook.url()), **more)


@pytest.fixture
def office(hook: Hook, tmp_path: Path) -> Iterator[Office]:
    """An office with a program's webhook and a chat's; nobody names one."""
    made = office_with(hook, tmp_path)
    yield made
    made.close()


def cut(office: Office) -> None:
    """From now on nobody answers where the mail server was."""
    office.courier.close()
    email = office.courier.courier
    assert isinstance(email, EmailCourier)
    email.server = msgspec.structs.replace(email.server, port=1)


def said(hook: Hook) -> list[dict[str, Any]]:
    return [json.loads(call.body) for call in hook.calls]


def test_a_level_names_a_webhook(hook: Hook, tmp_path: Path) -> None:
    """Its letter goes there as to a person, with the facts of the task and no link that acts."""
    rules = RULES.replace("to: chief@city.example}", "to: chief@city.example, notify: ['webhook:ops']}")
    office = office_with(hook, tmp_path, rules=rules)
    office.mail()
    office.later(hours=2, minutes=1)
    (value,) = said(hook)
    assert value["kind"] == "informed"
    assert value["reference"] == office.task().reference
    assert "sig=" not in json.dumps(value)
    assert office.letters("chief@city.example")
    office.close()


def test_a_level_may_speak_to_a_webhook_alone(hook: Hook, tmp_path: Path) -> None:
    """`to: webhook:NAME` is a recipient like another; what it was told is in the trail."""
    office = office_with(hook, tmp_path, rules=RULES.replace("to: chief@city.example", "to: 'webhook:ops'"))
    office.mail()
    office.later(hours=2, minutes=1)
    from orgo.outbox.models import Letter

    letter = Letter.objects.get(kind="escalated")
    assert (letter.recipient, letter.state, letter.server_reply) == ("webhook:ops", "sent", "200 ok")
    assert office.task().level == 1
    office.close()


def test_a_team_names_a_webhook(hook: Hook, tmp_path: Path) -> None:
    """The team's letters go there as well; a private task is only mentioned."""
    people = PEOPLE.replace("{name: works,", "{name: works, webhook: works,").replace(
        "{name: hr,", "{name: hr, webhook: works,"
    )
    office = office_with(hook, tmp_path, people=people)
    office.mail(subject="Water leak in Room 102")
    office.mail(subject="harassment by my chief")
    opened, confidential = (value["text"] for value in said(hook))
    assert "Water leak in Room 102" in opened
    assert "You can answer this mail" not in opened
    assert "harassment" not in confidential
    assert "clara" not in confidential
    assert hook.calls[0].path == "/in/works"
    office.close()


def test_when_mail_fails_for_ten_minutes_what_is_urgent_goes_by_webhook(office: Office, hook: Hook) -> None:
    """Not before the tenth minute, once for each level, and the mail still goes when the server is back."""
    from orgo.flow.alarms import alarm
    from orgo.flow.house import open_house

    office.mail()
    office.later(hours=1, minutes=59)
    cut(office)
    office.later(minutes=2)
    alarm("canary", "canary_well", lambda language: {"title": "info"}, open_house())
    office.settle()
    office.later(minutes=8)
    assert hook.calls == []
    office.later(minutes=2)
    office.later(minutes=30)
    assert sorted(value["kind"] for value in said(hook)) == ["alarm", "escalated"]
    assert {value["subject"] for value in said(hook)} > {"Mail to info arrives again"}
    office.later(hours=2)
    assert [value["level"] for value in said(hook) if value["kind"] == "escalated"] == ["1", "2"]


def test_a_level_told_by_webhook_only_is_told(office: Office, hook: Hook) -> None:
    """Letters that fail for good don't hurry the next level when the second path has reached somebody."""
    office.mail()
    office.later(hours=1, minutes=59)
    cut(office)
    office.later(minutes=13)
    assert len(hook.calls) == 1
    from orgo.flow.posting import letter_failed
    from orgo.outbox.models import Letter

    Letter.objects.filter(kind="escalated", channel="email").update(state="claimed")
    letter_failed(Letter.objects.get(kind="escalated", channel="email"), "550 no such user")
    office.settle()
    assert office.task().level == 1


def test_mail_that_works_again_ends_the_second_path(office: Office, hook: Hook) -> None:
    """One letter that leaves says that the server is back: nothing more goes by webhook."""
    from orgo.outbox.outlets import failing_since, note_failing

    note_failing("email", "refused")
    office.later(minutes=9)
    office.mail()
    assert failing_since("email") is None
    office.later(hours=5)
    assert hook.calls == []


def test_without_any_mail_server_the_webhook_is_the_way(hook: Hook, tmp_path: Path) -> None:
    """Letters are held where no smtp: is configured; what is urgent goes by webhook at once."""
    office = office_with(hook, tmp_path)
    file = tmp_path / "config" / "config.yaml"
    file.write_text(re.sub(r"(?m)^smtp:.*", "", file.read_text()))
    boot.use(load(tmp_path, {}))
    office.mail()
    office.later(hours=2, minutes=1)
    assert [value["kind"] for value in said(hook)] == ["escalated"]
    office.close()


def test_a_webhook_is_tried_again(office: Office, hook: Hook) -> None:
    """A 503 waits for the next try; the body is the same, byte for byte."""
    from orgo.flow.alarms import letter_of
    from orgo.flow.house import open_house

    letter_of(1, "webhook:ops", "Subject", "Text", open_house()).save()
    hook.answers = [503, 429]
    office.settle()
    office.later(minutes=2)
    office.later(minutes=6)
    assert len(hook.calls) == 3
    assert len({call.body for call in hook.calls}) == 1
    assert len({call.headers["Orgo-Delivery"] for call in hook.calls}) == 1


def test_a_webhook_that_refuses_is_told_to_a_person(hook: Hook, tmp_path: Path) -> None:
    """404 is for good: the letter failed, and who cares for the team hears of it."""
    people = PEOPLE.replace("{name: works,", "{name: works, webhook: works,")
    office = office_with(hook, tmp_path, people=people)
    hook.answers = [404]
    office.mail()
    told = [letter["Subject"] for letter in office.letters("chief@city.example")]
    assert any("webhook:works" in subject for subject in told)
    office.close()


def refuse(office: Office, at: str, words: str) -> None:
    """From now on the mail server answers so at MAIL or RCPT."""

    async def answer(*_: Any) -> str:
        return words

    office.courier.close()
    setattr(office.catcher, f"handle_{at}", answer)


@pytest.mark.parametrize(
    ("at", "words"), [("RCPT", "554 5.7.1 Relay access denied"), ("MAIL", "550 sender not allowed")]
)
def test_a_relay_that_refuses_everything_is_a_way_that_fails(
    office: Office, hook: Hook, at: str, words: str
) -> None:
    """It refuses for good, so nothing waits: levels are told by webhook at once, and the way counts as failing."""
    from orgo.outbox.outlets import failing_since

    office.mail()
    office.later(hours=1, minutes=59)
    refuse(office, at, words)
    office.later(minutes=1)
    assert failing_since("email") is not None
    assert [value["level"] for value in said(hook) if value["kind"] == "escalated"] == ["1", "2"]
    office.later(hours=24)
    assert len([value for value in said(hook) if value["kind"] == "escalated"]) == 2


@pytest.mark.parametrize(
    ("at", "words"), [("RCPT", "550 5.1.1 no such user"), ("MAIL", "552 5.3.4 too large")]
)
def test_a_refusal_of_one_letter_is_no_way_that_fails(office: Office, at: str, words: str) -> None:
    """Others may leave."""
    from orgo.outbox.outlets import failing_since

    refuse(office, at, words)
    office.mail()
    assert failing_since("email") is None


def test_an_alarm_that_no_administrator_got_goes_by_webhook(office: Office, hook: Hook) -> None:
    """Once, at once; also when its letter comes back only later."""
    from orgo.flow.alarms import alarm
    from orgo.flow.house import open_house
    from orgo.outbox.models import Letter
    from tests.integration.test_bounces import dsn

    alarm("canary", "canary_well", lambda language: {"title": "info"}, open_house())
    office.settle()
    assert hook.calls == []
    office.later(days=3)
    letter = Letter.objects.get(kind="alarm")
    office.mail("", raw=dsn(letter.sender, recipient=letter.recipient), to=letter.sender)
    office.later(hours=1)
    assert [value["kind"] for value in said(hook)] == ["alarm"]


def test_an_alarm_that_one_administrator_got_is_heard(hook: Hook, tmp_path: Path) -> None:
    """Not all of its letters failed: nothing goes by webhook."""
    from orgo.flow.alarms import alarm
    from orgo.flow.house import open_house

    second = PEOPLE + "  - {address: second@city.example, name: Sue Second, role: administrator}\n"
    office = office_with(hook, tmp_path, people=second)
    real = office.courier.deliver

    def deliver(parcel: Any, before_dot: Any) -> str:
        if parcel.recipient == "admin@city.example":
            raise DeliveryError("550 5.1.1 no such user", permanent=True)
        return real(parcel, before_dot)

    office.courier.deliver = deliver  # type: ignore[method-assign]
    alarm("canary", "canary_well", lambda language: {"title": "info"}, open_house())
    office.settle()
    assert (hook.calls, office.told()) == ([], ["second@city.example"])
    office.close()


ALONE = """
teams: [{name: works, address: works@city.example, supervisor: chief@city.example, members: [chief@city.example], triage: true}]
users: [{address: chief@city.example, role: supervisor}]
"""


def test_what_no_letter_can_say_is_said_by_webhook(hook: Hook, tmp_path: Path) -> None:
    """Whose letter failed is the only one who looks after the task: nobody is left but the webhook."""
    office = office_with(hook, tmp_path, people=ALONE, rules=RULES.replace("desk@", "works@"))
    refuse(office, "RCPT", "550 5.1.1 no such user")
    office.mail()
    assert [value["kind"] for value in said(hook)] == ["undelivered"]
    office.close()
