"""A task whose sender is first named and then, for a mail that joins it or a copy that came elsewhere, is left out."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.database import environment
from tests.office import PASS, RULES, Office, written

CLARA = "Clara Cole <clara@people.example>"
REPORT = "I report harassment by the director."
TRUSTED = {"Authentication-Results": PASS}
COPIED = RULES.replace(
    "text contains 'harassment'", "recipient is 'hr@city.example' and text contains 'my superior'"
)
PASSED_ON = (
    f"Please look into this.\n\n---------- Forwarded message ---------\nFrom: {CLARA}\nDate: Mon, 7 Sep 2026\n"
    "Subject: Water leak\nTo: <dora@city.example>\n\nIt drips in Room 102.\n"
)
# In any case of letters, also within a Message-ID or a header that quotes one.
NAMES = (b"clara", b"cole")


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Office]:
    """An Orgo where only what comes to the address of hr is to leave its sender out."""
    office = Office(tmp_path, rules=COPIED)
    yield office
    office.close()


def named(text: bytes | str) -> bool:
    """Whether a text names the sender."""
    found = text if isinstance(text, bytes) else text.encode()
    return any(name in found.lower() for name in NAMES)


def letters_to_staff(office: Office) -> list[bytes]:
    return [one.data for one in office.catcher.caught if not one.recipient.endswith("@people.example")]


def report_by_reply(office: Office, sender: str = CLARA, **more: Any) -> Any:
    """A leak is told with its sender's name; then somebody who takes part answers with a report."""
    office.mail(CLARA, "Water leak", headers=TRUSTED)
    assert any(named(data) for data in letters_to_staff(office))
    office.forget()
    return office.mail(sender, f"[#{office.task().reference}] more", body=REPORT, headers=TRUSTED, **more)


def copies(office: Office) -> list[bytes]:
    """The same complaint as it comes to two addresses."""
    raw = written(CLARA, "office@city.example", "Water leak", office.clock.now(), body="It is my superior.")
    return [b"Received: by mx1\r\n" + raw, b"Received: by mx2\r\n" + raw]


def handed_in(data: bytes, to: str) -> None:
    """A mail comes to this address, and waits."""
    from orgo.intake.store import Incoming, store

    store([Incoming(data=data, source="smtp", envelope_from="", envelope_to=(to,))])


def decided(office: Office, data: bytes, to: str) -> None:
    """A mail comes to this address and is decided; its letters wait."""
    from orgo.pipeline import route

    handed_in(data, to)
    route(office.parser)


def complain_twice(office: Office) -> None:
    """The complaint comes to the office first, is told, and then to hr."""
    first, second = copies(office)
    office.mail(CLARA, raw=first, to="office@city.example")
    assert any(named(data) for data in letters_to_staff(office))
    office.forget()
    assert office.mail(CLARA, raw=second, to="hr@city.example").outcome == "linked"


def client_of(address: str, language: str = "en") -> Any:
    from django.test import Client

    from orgo.people.models import User

    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(address=address))
    return client


def annas_client(language: str = "en") -> Any:
    return client_of("anna@city.example", language)


COMES = {"a reply": report_by_reply, "a copy to another mailbox": complain_twice}
comes = pytest.mark.parametrize("come", COMES.values(), ids=COMES)


@pytest.fixture
def house(request: pytest.FixtureRequest, come: Any) -> Office:
    """The Orgo that this way of coming needs."""
    name = "copied" if come is complain_twice else "office"
    found: Office = request.getfixturevalue(name)
    return found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `orgo WORDS` in an office, which ends well; returns what it said."""
    from django.conf import settings

    from orgo.cli.main import main

    there = environment() or {"ORGO_DATABASE": f"sqlite:///{settings.DATABASES['default']['NAME']}"}

    def work(office: Office, *words: str) -> str:
        for name, value in {**there, "ORGO_HOME": str(office.home)}.items():
            monkeypatch.setenv(name, value)
        code, said = main(list(words)), capsys.readouterr()
        assert code == 0, said.out + said.err
        return said.out

    return work


AS_ANNA = ("--as", "anna@city.example")


@comes
def test_the_task_is_private_and_leaves_its_sender_out(house: Office, come: Callable[..., Any]) -> None:
    from orgo.audit.models import Event

    come(house)
    task = house.task()
    assert (task.visibility, task.anonymize, task.team, house.tasks()) == (
        "private",
        True,
        "works@city.example",
        1,
    )
    change = Event.objects.get(task=task.pk, type="task.changed")
    assert change.data["fields"] == ["anonymize", "visibility"]
    assert not named(str(change.data))


@comes
def test_no_letter_to_staff_names_the_sender_from_then_on(house: Office, come: Callable[..., Any]) -> None:
    come(house)
    house.later(hours=5)
    task = house.task()
    house.mail(CLARA, f"[#{task.reference}] once more", body="Is there news?", headers=TRUSTED)
    told = letters_to_staff(house)
    assert len(told) > 3
    assert not any(named(data) for data in told)


@comes
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "changed whether the sender is named, who may see it"),
        ("fr", "a changé si l'expéditeur est nommé, qui peut la voir"),
    ],
)
def test_no_page_names_the_sender_and_the_timeline_says_the_change(
    house: Office, come: Callable[..., Any], language: str, said: str
) -> None:
    """Nor the pages of letters that named the sender when they left."""
    from orgo.outbox.models import Letter

    come(house)
    task, client = house.task(), annas_client(language)
    assert said in unescape(client.get(f"/tasks/{task.reference}").content.decode())
    letters = [f"/letters/{row.pk}" for row in Letter.objects.filter(task=task.pk)]
    for path in ("/", "/letters", f"/tasks/{task.reference}", *letters):
        answer = client.get(path)
        assert answer.status_code == 200
        assert not named(answer.content), path


def test_notes_and_answers_of_before_are_shown_without_the_sender(office: Office) -> None:
    """Dora passes the mail on, so that a note says who wrote it; then she answers, and the answer has the name."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    office.mail("dora@city.example", "Fwd: Water leak", body=PASSED_ON, headers=TRUSTED)
    reference = office.task().reference
    anna = User.objects.get(address="anna@city.example")
    perform(anna, reference, "answer", text="Good morning, Clara Cole. We come at two.")
    office.settle()
    path, client = f"/tasks/{reference}", annas_client()
    assert named(client.get(path).content)
    office.mail(CLARA, f"[#{reference}] more", body=REPORT, headers=TRUSTED)
    page = client.get(path).content.decode()
    said = re.findall(r"answers go to[^<]*|Good morning[^<]*", page)
    assert len(said) == 2 and not any(named(words) for words in said)


@comes
def test_the_original_that_names_the_sender_is_given_to_nobody(
    house: Office, come: Callable[..., Any]
) -> None:
    """The page has no link to it; who types the address gets it no more than who asks for a mail that is not there."""
    from orgo.intake.models import Mail

    house.mail(CLARA, "Another water leak")
    (plain,) = Mail.objects.values_list("pk", flat=True)
    come(house)
    client = annas_client()
    mails = Mail.objects.filter(task=house.task().pk).values_list("pk", flat=True)
    assert len(mails) == 2
    assert {client.get(f"/mail/{number}/raw").status_code for number in mails} == {404}
    assert client.get(f"/mail/{plain}/raw").status_code == 200


@comes
def test_no_command_names_the_sender_and_the_events_make_the_row(
    house: Office, come: Callable[..., Any], run: Callable[..., str]
) -> None:
    come(house)
    house.later(hours=5)
    reference = house.task().reference
    for words in (("show", reference), ("told", reference), ("list",)):
        assert not named(run(house, "task", *words, *AS_ANNA))
        assert not named(run(house, "task", *words, *AS_ANNA, "--json"))
    assert "changed anonymize, visibility" in run(house, "task", "show", reference, *AS_ANNA)
    run(house, "task", "rebuild", "--check")


def test_letters_that_still_wait_leave_the_sender_out(copied: Office) -> None:
    """They were made while the sender was named, and the copy to hr came before they left."""
    from orgo.outbox.models import Letter

    for data, to in zip(copies(copied), ("office@city.example", "hr@city.example"), strict=True):
        decided(copied, data, to)
        assert named("".join(row.text for row in Letter.objects.all())) is (to == "office@city.example")
    copied.settle()
    told = letters_to_staff(copied)
    assert told and not any(named(data) or b"superior" in data for data in told)


def test_letters_that_still_wait_say_to_others_only_that_there_is_something(copied: Office) -> None:
    """Chris, whom the level told while all could read the task, is not of the team that may read it now."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    first, second = copies(copied)
    copied.mail(CLARA, raw=first, to="office@city.example")
    copied.forget()
    perform(User.objects.get(address="anna@city.example"), copied.task().reference, "escalate")
    decided(copied, second, "hr@city.example")
    copied.settle()

    (told,) = [one.data for one in copied.catcher.caught if one.recipient == "chief@city.example"]
    assert b"A confidential task needs you" in told
    assert not named(told) and b"leak" not in told and b"superior" not in told


def test_who_answers_a_task_that_leaves_its_sender_out_is_named(
    office: Office, run: Callable[..., str]
) -> None:
    """The answer quotes the words that the rule knows the report by; it is Hanna's all the same."""
    office.mail(CLARA, "Harassment", body=REPORT, headers=TRUSTED)
    reference = office.task().reference
    office.answer("hanna@city.example", "I spoke with both about the harassment.")
    office.settle()

    client = client_of("hanna@city.example")
    page = client.get(f"/tasks/{reference}").content.decode()
    assert "<b>Hanna Hart</b> wrote" in page and not named(page)
    assert "Hanna Hart wrote" in run(office, "task", "show", reference, "--as", "hanna@city.example")


def test_letters_of_the_same_batch_leave_the_sender_out(copied: Office) -> None:
    """Both copies are decided together: what was wished of the first is written when all is known."""

    first, second = copies(copied)
    handed_in(first, "office@city.example")
    handed_in(second, "hr@city.example")
    copied.settle()
    told = letters_to_staff(copied)
    assert copied.task().anonymize and copied.tasks() == 1
    assert told and not any(named(data) or b"superior" in data for data in told)


def test_an_answer_that_came_to_two_mailboxes_is_looked_at_by_both(copied: Office) -> None:
    copied.mail(CLARA, "Water leak", headers=TRUSTED)
    subject = f"[#{copied.task().reference}] more"
    raw = written(CLARA, "office@city.example", subject, copied.clock.now(), body="It is my superior.")
    copied.mail(CLARA, raw=b"Received: by mx1\r\n" + raw, to="office@city.example")
    assert not copied.task().anonymize
    second = copied.mail(CLARA, raw=b"Received: by mx2\r\n" + raw, to="hr@city.example")
    assert second.outcome == "linked"
    assert (copied.task().anonymize, copied.task().visibility) == (True, "private")


def test_who_reports_in_answer_to_another_s_task_is_not_named_either(
    office: Office, run: Callable[..., str]
) -> None:
    """Ben works on what Clara asked for, and answers with a report: neither of them stands in what Anna reads."""
    report_by_reply(office, "Ben Berg <ben@city.example>")
    reference = office.task().reference
    office.mail(
        "Ben Berg <ben@city.example>",
        f"[#{reference}] more",
        body="Has anybody read about it?",
        headers=TRUSTED,
    )
    told = [one.data for one in office.catcher.caught if one.recipient == "anna@city.example"]
    assert len(told) > 1 and not any(named(data) or b"Ben Berg" in data or b"ben@" in data for data in told)

    page = annas_client().get(f"/tasks/{reference}").content.decode()
    assert "<b>The sender</b> wrote" in page and "<b>Ben Berg</b> wrote" not in page
    for form in ((), ("--json",)):
        shown = run(office, "task", "show", reference, *AS_ANNA, *form)
        assert "the sender wrote" in shown and "Ben Berg wrote" not in shown and "ben@" not in shown


@pytest.mark.parametrize("mails", [("take", REPORT), (REPORT, "take")], ids=["before", "after"])
def test_that_an_unnamed_writer_of_the_team_took_the_task_is_told_as_ever(
    office: Office, run: Callable[..., str], mails: tuple[str, str]
) -> None:
    """Or it would be plain who is meant: "the sender took it", beside who has it in hand."""
    office.mail(CLARA, "Water leak", headers=TRUSTED)
    reference = office.task().reference
    for words in mails:
        office.answer("ben@city.example", words)  # at the same instant, as a batch is
    office.settle()

    page = annas_client().get(f"/tasks/{reference}").content.decode()
    assert "<b>The sender</b> wrote" in page and "<b>Ben Berg</b> took it" in page
    shown = run(office, "task", "show", reference, *AS_ANNA)
    assert "the sender wrote" in shown and "Ben Berg took it" in shown


def test_what_an_unnamed_writer_asks_for_in_a_later_mail_is_done_by_somebody(
    office: Office, run: Callable[..., str]
) -> None:
    from orgo.outbox.models import Letter

    office.mail(CLARA, "Water leak", headers=TRUSTED)
    reference = office.task().reference
    office.answer("ben@city.example", REPORT)
    before = len(office.catcher.caught)
    office.answer("ben@city.example", "assign anna@city.example")
    office.settle()

    told = [one.data for one in office.catcher.caught[before:] if one.recipient == "anna@city.example"]
    assert told and not any(b"Ben Berg" in data or b"ben@" in data for data in told)
    page = annas_client().get(f"/tasks/{reference}").content.decode()
    assert "<b>The sender</b> gave it to Anna Abel" in page
    assert "the sender gave it to Anna Abel" in run(office, "task", "show", reference, *AS_ANNA)
    Letter.objects.filter(kind="understood").update(server_reply="250 <ben@city.example> queued")
    answers = [
        line for line in run(office, "task", "told", reference, *AS_ANNA).splitlines() if "understood" in line
    ]
    assert answers and not any("ben@" in line for line in answers)


def test_a_reporter_who_writes_on_is_no_machine_before_any_other(office: Office) -> None:
    """Five mails an hour are told at once, as on a task that names its sender."""
    office.mail(CLARA, "Harassment", body=REPORT, headers=TRUSTED)
    reference = office.task().reference
    office.forget()
    for number in range(5):
        office.mail(CLARA, f"[#{reference}] more", body=f"It happened again, {number}.", headers=TRUSTED)
    assert office.told().count("hanna@city.example") == 5


def test_a_note_of_the_requester_is_the_sender_s(copied: Office) -> None:
    from orgo.flow.acting import perform
    from orgo.people.models import User

    ben = "Ben Berg <ben@city.example>"
    raw = written(ben, "office@city.example", "Water leak", copied.clock.now(), body="It is my superior.")
    copied.mail(ben, raw=b"Received: by mx1\r\n" + raw, to="office@city.example")
    reference = copied.task().reference
    perform(User.objects.get(address="ben@city.example"), reference, "note", text="It drips on.")
    data = b"Received: by mx2\r\n" + raw
    decided(copied, data, "hr@city.example")
    copied.settle()

    page = annas_client().get(f"/tasks/{reference}").content.decode()
    assert copied.task().anonymize and "It drips on." in page and "<b>Ben Berg</b>" not in page


@pytest.mark.parametrize("has_left", [False, True])
def test_who_reports_to_two_mailboxes_in_answer_to_another_s_task_is_not_named_from_then_on(
    copied: Office, run: Callable[..., str], has_left: bool
) -> None:
    """Ben's answer came to the office first, where it joined with his name; the copy to hr is what the rule fits.

    His letters may have left by then; what the pages say of them does not name him either.
    """

    copied.mail(CLARA, "Water leak", headers=TRUSTED)
    reference = copied.task().reference
    ben, subject = "ben@city.example", f"[#{copied.task().reference}] more"
    raw = written(ben, "office@city.example", subject, copied.clock.now(), body="It is my superior.")
    for number, to in enumerate(("office@city.example", "hr@city.example")):
        data = b"Received: by mx%d\r\n" % number + raw
        decided(copied, data, to)
        if has_left:
            copied.settle()
            copied.forget()
    copied.settle()

    told = [one.data for one in copied.catcher.caught if one.recipient == "anna@city.example"]
    assert bool(told) is not has_left and not any(
        b"Ben" in data or b"ben@" in data or b"superior" in data for data in told
    )
    page = annas_client().get(f"/tasks/{reference}").content.decode()
    assert "<b>The sender</b> wrote" in page and "<b>Ben Berg</b>" not in page
    for form in ((), ("--json",)):
        shown = run(copied, "task", "show", reference, *AS_ANNA, *form)
        assert "the sender wrote" in shown and "Ben Berg wrote" not in shown and "ben@" not in shown

    from orgo.outbox.models import Letter

    left = Letter.objects.filter(task=copied.task().pk).values_list("pk", flat=True)
    for number in left:
        assert "Ben Berg" not in annas_client().get(f"/letters/{number}").content.decode()


def test_a_letter_that_a_sender_has_and_has_not_begun_is_taken_from_it(copied: Office) -> None:
    from orgo.ops.up import courier_for
    from orgo.outbox.claim import claim
    from orgo.outbox.outlets import failing_since
    from orgo.pipeline import _deliver_one, route

    for data, to in zip(copies(copied), ("office@city.example", "hr@city.example"), strict=True):
        handed_in(data, to)
    route(copied.parser, 1)
    claimed = [letter for letter in claim(20) if not letter.recipient.endswith("@people.example")]
    assert claimed
    route(copied.parser, 1)

    courier = courier_for(copied.config)
    assert not any(_deliver_one(courier, letter) for letter in claimed)
    assert copied.catcher.caught == [] and failing_since("email") is None
    courier.close()
    copied.settle()
    told = letters_to_staff(copied)
    assert told and not any(named(data) or b"superior" in data for data in told)


def test_a_letter_that_waits_keeps_what_a_colleague_wrote(copied: Office) -> None:
    from orgo.flow.acting import perform
    from orgo.people.models import User

    first, second = copies(copied)
    copied.mail(CLARA, raw=first, to="office@city.example")
    copied.forget()
    anna = User.objects.get(address="anna@city.example")
    perform(anna, copied.task().reference, "note", text="The key lies with Dora.")
    decided(copied, second, "hr@city.example")
    copied.settle()

    told = [one.data for one in copied.catcher.caught if one.recipient == "ben@city.example"]
    assert told and all(b"The key lies with Dora." in data for data in told)


def test_a_report_of_what_did_not_arrive_is_not_shown(office: Office) -> None:
    """It names whom the letter was for; that it did not arrive is in the timeline."""
    from orgo.intake.models import Mail

    office.mail(CLARA, "Harassment", body=REPORT, headers=TRUSTED)
    reference = office.task().reference
    report = office.mail(
        CLARA, f"[#{reference}] more", body="No such user: <clara@people.example>", headers=TRUSTED
    )
    client, path = client_of("hanna@city.example"), f"/tasks/{reference}"
    assert "No such user" in client.get(path).content.decode()
    files = [
        {"name": "report", "type": "message/delivery-status", "size": 1, "inline": False, "damaged": False}
    ]
    Mail.objects.filter(pk=report.pk).update(outcome="bounce", attachments=files, has_html=True)

    assert "No such user" not in client.get(path).content.decode()
    for part in ("attachment/0", "html", "raw"):
        assert client.get(f"/mail/{report.pk}/{part}").status_code == 404


def test_a_letter_that_does_not_reach_one_of_the_team_says_whom(office: Office) -> None:
    """Ben wrote one mail unnamed; that what he is given to do does not reach him is to be known all the same."""
    from orgo.flow.hidden import hidden_on
    from orgo.flow.house import open_house

    report_by_reply(office, "Ben Berg <ben@city.example>")
    hidden = hidden_on(office.task(), open_house())
    assert hidden.is_named("ben@city.example", "understood") and not hidden.is_named(
        "ben@city.example", "assigned"
    )
    assert hidden.is_named("clara@people.example", "assigned")
