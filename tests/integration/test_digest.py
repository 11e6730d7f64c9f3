"""Triage's daily digest: ignored mail is seen by a person, once a day, and by nobody where there is none."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.office import PEOPLE, Office, text_of

NEWS = {"List-Id": "<news.supplier.example>", "Precedence": "bulk"}
DAY = timedelta(days=1)


def send_digest() -> int:
    from orgo.flow.digest import send_digest

    return send_digest()


def pass_days(office: Office, days: int) -> None:
    """Time passes; two clocks look every quarter of an hour."""
    end = office.clock.now() + days * DAY
    while office.clock.now() < end:
        office.clock.move_to(office.clock.now() + timedelta(minutes=15))
        send_digest()
        send_digest()
    office.settle()


def words_of(letter: Any) -> str:
    return text_of(letter).replace("\r\n", "\n")


def news(office: Office, subject: str = "Our offers", **more: Any) -> Any:
    mail = office.mail("news@supplier.example", subject, headers=NEWS, **more)
    assert mail.outcome == "ignored"
    return mail


def test_one_letter_a_day_says_what_was_ignored(office: Office) -> None:
    """To the people of triage, at eight, with sender, subject and reason; days without any are passed over."""
    news(office)
    news(office, "More offers")
    pass_days(office, 1)
    news(office, "Third")
    pass_days(office, 4)
    first, second = office.letters("dora@city.example")

    assert office.told() == ["dora@city.example", "dora@city.example"]
    assert "(2)" in first["Subject"] and "(1)" in second["Subject"]
    text = words_of(first)
    assert "news@supplier.example: Our offers\n  mail of a list or machine that no rule wants" in text
    assert "More offers" in text and "Third" not in text and "Third" in text_of(second)
    assert "/ignored" in text


def test_it_leaves_at_eight_in_triage_s_zone(office: Office) -> None:
    """What is ignored after that stands in the next day's."""
    from orgo.outbox.models import Letter

    office.clock.move_to(office.clock.now() + timedelta(hours=1))
    news(office)
    pass_days(office, 1)
    (letter,) = Letter.objects.all()
    assert (letter.date.hour, letter.date.minute) == (8, 15)


def test_nothing_ignored_is_no_letter(office: Office) -> None:
    """Nor what has a task, our own probes, and what a person put aside."""
    from orgo.flow.place import OUR_PROBE
    from orgo.flow.quarantine import discard
    from orgo.intake.models import Mail

    office.mail()
    office.answer("anna@city.example", "I am away.", headers={"Auto-Submitted": "auto-replied"})
    discard(office.mail("a@x.example", raw=b"\r\n").pk, "empty", "admin@city.example")
    Mail.objects.filter(pk=news(office).pk).update(reason=OUR_PROBE)
    office.forget()
    pass_days(office, 1)
    from orgo.outbox.models import Letter

    assert not Letter.objects.filter(kind="digest").exists()


def test_a_clock_that_was_overtaken_writes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looked before the other had committed: the day's letters are there once, and its own event is gone too."""
    from orgo.audit.models import Event
    from orgo.outbox.models import Letter

    office.later(hours=1)
    news(office)
    office.clock.move_to(office.clock.now() + DAY)
    assert send_digest() == 1
    real = Event.objects.filter
    monkeypatch.setattr(Event.objects, "filter", lambda **what: real(**what).none())
    assert send_digest() == 0
    monkeypatch.undo()
    assert Letter.objects.filter(kind="digest").count() == 1
    assert Event.objects.filter(type="digest.sent").count() == 1


def test_mail_of_the_days_when_no_clock_ran_is_told_then(office: Office) -> None:
    news(office, "Before")
    pass_days(office, 1)
    news(office, "During")
    office.clock.move_to(office.clock.now() + 3 * DAY)
    pass_days(office, 1)
    assert "During" in text_of(office.letters("dora@city.example")[-1])
    assert len(office.letters("dora@city.example")) == 2


def test_a_storm_is_a_line_and_hostile_words_stay_words(office: Office) -> None:
    """Equal mails of one sender are counted; what a stranger wrote makes no line and no tag of its own."""
    for _ in range(5):
        news(office, "Offers {link} <b>now</b>\r\n\tand more", body="x")
    pass_days(office, 1)
    (letter,) = office.letters("dora@city.example")
    text = words_of(letter)
    html = letter.get_body(("html",))
    assert html is not None
    assert "Offers {link} <b>now</b> and more (5×)\n" in text
    assert "<b>now" not in html.get_content()


def test_it_is_in_french_for_who_reads_french(tmp_path: Path) -> None:
    people = PEOPLE.replace("name: Dora Dahl, role: staff", "name: Dora Dahl, role: staff, language: fr")
    office = Office(tmp_path, people=people)
    news(office)
    pass_days(office, 1)
    (letter,) = office.letters("dora@city.example")
    assert "aucune tâche" in letter["Subject"]
    assert "courrier d'une liste ou d'une machine, qu'aucune règle ne veut" in text_of(letter)
    office.close()


def test_without_a_triage_team_the_administrators_hear(tmp_path: Path) -> None:
    office = Office(tmp_path, people=PEOPLE.replace(", triage: true", ""))
    news(office)
    pass_days(office, 1)
    assert office.told() == ["admin@city.example"]
    office.close()


def test_the_letter_of_an_hour_before_a_restore_is_held(office: Office) -> None:
    """It may have left already; the next day's leaves."""
    from orgo.audit.models import record
    from orgo.flow.restored import RESTORED
    from orgo.outbox.claim import held_as_maybe_sent

    news(office)
    office.clock.move_to(office.clock.now() + DAY)
    record(RESTORED, actor="", actor_kind="system")
    send_digest()
    office.settle()
    assert office.told() == [] and held_as_maybe_sent().count() == 1
    news(office, "More offers")
    pass_days(office, 1)

    assert office.told() == ["dora@city.example"]
