"""No two machines keep each other talking: at most five mails, then silence and one notice; nothing is lost by it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgo.demo.catcher import Caught
from tests.office import PASS, PEOPLE, RULES, Office, text_of, written

ROBOT = "robot@machine.example"
ROUTED_TO_THE_ROBOT = RULES.replace("route_to: works@city.example", f"route_to: {ROBOT}")
ENOUGH = 40


def answering(
    office: Office, address: str, write: Callable[[Caught, int], dict[str, Any]], hours: int = 0
) -> list[Any]:
    """Have a machine at `address` answer each letter by what `write` says; returns the rows of its mails.

    `hours` pass before it looks for letters each time.
    """
    said: list[Any] = []
    seen = 0
    while len(said) < ENOUGH:
        office.later(hours=hours)
        letters = [caught for caught in office.catcher.caught if caught.recipient == address]
        if len(letters) == seen:
            break
        for caught in letters[seen:]:
            said.append(office.mail(address, **write(caught, len(said))))
        seen = len(letters)
    return said


def reply_to(caught: Caught) -> str:
    found = re.search(rb"(?mi)^Reply-To: *(?:\r\n )?(\S+)", caught.data)
    assert found
    return found[1].decode()


def rewritten(caught: Caught, number: int) -> dict[str, Any]:
    """Everything is new: no header of the letter, another subject; only the address to answer to is used."""
    return {
        "subject": f"leak noted {number}",
        "to": reply_to(caught),
        "body": f"We have noted it ({number}).",
    }


def sent_back(caught: Caught, number: int) -> dict[str, Any]:
    """The letter's words as a new mail to the house, as if it were written by the machine."""
    words = caught.data.decode("utf-8", "replace").split("\r\n\r\n")[2]
    return {"subject": f"leak {number}", "body": words.replace("=\r\n", "").replace("=3D", "=")}


def as_answer(caught: Caught, words: str) -> dict[str, Any]:
    """An answer by the letter's own token."""
    return {
        "subject": "Re: leak",
        "to": reply_to(caught),
        "body": words,
        "headers": {"Authentication-Results": PASS},
    }


def new_each_time(caught: Caught, number: int) -> dict[str, Any]:
    """A mail that has nothing of the letter."""
    return {"subject": f"leak again {number}", "body": f"Ticket {number} was made."}


# How a machine comes to hear of leaks: the rules, the people, and how long it takes.
SECOND = "second@machine.example"
IN_THE_TEAM = (
    PEOPLE.replace("members: [anna@city.example", f"members: [{ROBOT}, anna@city.example")
    + f"  - {{address: {ROBOT}, role: technician}}\n  - {{address: {SECOND}, role: technician}}\n"
)
WAYS = {
    "route_to": (ROUTED_TO_THE_ROBOT, PEOPLE, 0),
    "member": (RULES, IN_THE_TEAM, 0),
    "notify": (RULES.replace("priority: high", f"priority: high\n      notify: [{ROBOT}]"), PEOPLE, 0),
    "level": (RULES.replace("to: chief@city.example", f"to: {ROBOT}"), PEOPLE, 2),
}


@pytest.fixture
def robots(tmp_path: Path) -> Iterator[Office]:
    """An office that routes leaks to an address where a machine reads."""
    made = Office(tmp_path, rules=ROUTED_TO_THE_ROBOT)
    yield made
    made.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", [rewritten, sent_back, new_each_time])
def test_a_machine_that_rewrites_everything_is_left_alone(
    tmp_path: Path, write: Callable[[Caught, int], dict[str, Any]], way: str
) -> None:
    """Whatever it makes of our letters and however it hears of them, after at most five it gets no more; all is kept."""
    rules, people, hours = WAYS[way]
    office = Office(tmp_path, rules=rules, people=people)
    office.mail()
    said = answering(office, ROBOT, write, hours)
    told = office.told()
    office.close()
    assert 1 <= len(said) <= 5
    assert told.count(ROBOT) <= 5
    assert {mail.outcome for mail in said} <= {"joined", "opened", "linked"}


def test_two_machines_of_a_team_do_not_keep_each_other_talking(tmp_path: Path) -> None:
    """Each answers what the other's mail brings about; who is no machine hears of every one of their tasks."""
    office = Office(tmp_path, people=IN_THE_TEAM.replace(f"[{ROBOT},", f"[{ROBOT}, {SECOND},"))
    office.mail()
    said: list[Any] = []
    while len(said) < ENOUGH:
        due = [who for who in (ROBOT, SECOND) if _has_news(office, who, said)]
        if not due:
            break
        said += [office.mail(who, f"leak again {len(said)}", body=f"Ticket {len(said)}.") for who in due]
    told = office.told()
    office.close()
    assert max(told.count(ROBOT), told.count(SECOND)) <= 10
    assert told.count("anna@city.example") == len(said) + 1


def test_a_level_that_only_a_machine_would_hear_is_heard_by_the_administrator(tmp_path: Path) -> None:
    """A machine that is spared leaves no task without somebody who hears of its silence."""
    rules, people, _ = WAYS["member"]
    office = Office(tmp_path, rules=rules.replace("to: chief@city.example", f"to: {ROBOT}"), people=people)
    office.mail()
    answering(office, ROBOT, new_each_time)
    spared = office.task().reference
    office.forget()
    office.later(hours=2)
    heard = [letter for letter in office.letters("admin@city.example") if spared in str(letter["Subject"])]
    assert len(heard) == 1
    office.close()


def test_a_member_who_reports_all_day_is_no_machine(office: Office) -> None:
    """Reports that do not come at once after a letter: their author hears of each as everybody else."""
    for number in range(12):
        office.mail("anna@city.example", f"leak in room {number}", body=f"Room {number}.")
        office.clock.advance(minutes=20)
    assert office.told().count("anna@city.example") == office.told().count("ben@city.example") == 12


@pytest.mark.parametrize("write", [sent_back, new_each_time])
def test_the_administrators_hear_of_a_loop_once(
    robots: Office, write: Callable[[Caught, int], dict[str, Any]]
) -> None:
    """One notice, not one a mail."""
    robots.mail()
    answering(robots, ROBOT, write)
    for number in range(100, 110):
        robots.mail(ROBOT, f"leak again {number}", body=f"Ticket {number} was made.")
    notices = [letter for letter in robots.letters("admin@city.example") if "loop" in str(letter["Subject"])]
    assert len(notices) == 1
    assert ROBOT in text_of(notices[0])


def test_who_reads_french_hears_of_a_loop_in_french(tmp_path: Path) -> None:
    """The notice speaks the administrator's language."""
    people = PEOPLE.replace("role: administrator", "role: administrator, language: fr")
    robots = Office(tmp_path, rules=ROUTED_TO_THE_ROBOT, people=people)
    robots.mail()
    answering(robots, ROBOT, sent_back)
    (notice,) = (one for one in robots.letters("admin@city.example") if "boucle" in str(one["Subject"]))
    robots.close()
    assert f"{ROBOT} renvoie ce qu'Orgo lui écrit" in text_of(notice)


def test_two_members_machines_fall_silent(office: Office) -> None:
    """Autoresponders of two colleagues without any sign of one: five mails each, one notice to who cares for the task."""
    office.mail()
    said = [office.answer("anna@city.example", "I have left the company, write to my successor.")]
    while len(said) < ENOUGH:
        news = [who for who in ("ben@city.example", "anna@city.example") if _has_news(office, who, said)]
        if not news:
            break
        said += [office.answer(who, "I am away, write to somebody else.") for who in news]
    by = [mail.from_address for mail in said]
    assert max(by.count(who) for who in set(by)) <= 6
    notices = [
        letter for letter in office.letters("chief@city.example") if "machine" in str(letter["Subject"])
    ]
    assert len(notices) == 1


def _has_news(office: Office, who: str, said: list[Any]) -> bool:
    """Whether `who` got a letter after the last mail that `who` sent."""
    sent = sum(1 for mail in said if mail.from_address == who)
    return len(office.letters(who)) > sent


def test_what_comes_after_the_fifth_mail_of_an_hour_is_told_in_one_letter(office: Office) -> None:
    """When the hour is over the team hears all of it at once; from then on the sender is heard as before."""
    office.mail(headers={"Authentication-Results": PASS})
    reference = office.task().reference
    for number in range(8):
        mail = office.mail("clara@people.example", f"Re: [#{reference}]", body=f"More water {number}.")
    heard = [text_of(letter) for letter in office.letters("anna@city.example")]
    assert (mail.outcome, mail.task) == ("joined", office.task().pk)
    assert any("More water 4" in text for text in heard)
    assert not any("More water 5" in text for text in heard)
    office.forget()
    office.later(hours=1, minutes=1)
    for who in ("anna@city.example", "ben@city.example"):
        (letter,) = office.letters(who)
        assert all(f"More water {number}" in text_of(letter) for number in (5, 6, 7))
    office.mail("clara@people.example", f"Re: [#{reference}]", body="It stopped.")
    assert "It stopped" in text_of(office.letters("anna@city.example")[-1])


def test_commands_of_a_person_are_done_and_answered_however_many(office: Office) -> None:
    """Ten answers within the hour: each is carried out, each is confirmed, and nobody asks whether this is a machine."""
    office.mail(headers={"Authentication-Results": PASS})
    words = ("take", "eta 30 min", "The valve is stuck.", "wait until 14:00", "eta 2 hours", "escalate")
    for said in (*words, "eta 3 hours", "undo", "I have the part.", "done"):
        office.clock.advance(minutes=5)
        office.answer("anna@city.example", said)
    assert office.task().state == "completed"
    assert "is done" in text_of(office.letters("clara@people.example")[-1])
    assert "The task is done" in text_of(office.letters("anna@city.example")[-1])
    assert not any("machine" in str(letter["Subject"]) for letter in office.letters("chief@city.example"))


def test_a_machine_that_speaks_as_a_command_is_obeyed_and_not_answered(office: Office) -> None:
    """An automatic "I will take care of it" is a command each time; after five its confirmations stop, and one comes later."""
    office.mail()
    said = answering(
        office, "anna@city.example", lambda caught, number: as_answer(caught, "I take care of it.")
    )
    assert len(said) == 6
    assert office.task().assignee == "anna@city.example"
    office.forget()
    office.later(hours=1, minutes=1)
    assert office.told() == ["anna@city.example"]


def test_a_busy_reporter_is_no_loop(office: Office) -> None:
    """Thirty tasks a day of one person: each is told to its team."""
    for number in range(30):
        office.mail(subject=f"leak in room {number}", body=f"Room {number}.")
    assert office.told().count("anna@city.example") == 30


def test_the_mark_travels_through_another_orgo(office: Office) -> None:
    """bad input 40: What was opened by another Orgo's letter carries its mark on, so that it knows its own when it comes back."""
    office.mail("orgo@other.example", headers={"X-Orgo-Loop": "theirs", "Auto-Submitted": "auto-generated"})
    marks = str(office.letters("anna@city.example")[-1]["X-Orgo-Loop"]).split()
    assert marks[1:] == ["theirs"]
    back = office.mail("orgo@other.example", headers={"X-Orgo-Loop": f"others {marks[0]}"})
    assert (back.outcome, office.tasks()) == ("ignored", 1)


@pytest.mark.parametrize(("hops", "outcome"), [(30, "opened"), (31, "ignored")])
def test_a_mail_that_passed_more_than_thirty_servers_goes_in_circles(
    office: Office, hops: int, outcome: str
) -> None:
    """S11: it is kept and says why; nobody is written to."""
    raw = b"Received: from a by b\r\n" * hops + written(
        "clara@people.example", "info@city.example", "leak", office.clock.now()
    )
    mail = office.mail("clara@people.example", raw=raw)

    assert (mail.outcome, "a loop" in mail.reason) == (outcome, outcome == "ignored")
    assert bool(office.told()) == (outcome == "opened")
