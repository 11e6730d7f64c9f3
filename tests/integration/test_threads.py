"""Which task a mail belongs to, whatever is left of its headers; who wrote it first; what each may do by answering."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.office import PASS, RULES, Office, text_of, written

TRUSTED = {"Authentication-Results": PASS}
PASSED_ON = (
    "Please look into this.\n\n---------- Forwarded message ---------\nFrom: Clara Client <clara@people.example>\n"
    "Date: Mon, 7 Sep 2026\nSubject: Water leak\nTo: <dora@city.example>\n\nIt drips in Room 102.\n"
)
FILE = (
    "From: anna@city.example\r\nTo: {to}\r\nSubject: Re: leak\r\nMessage-ID: <f1@city.example>\r\n"
    "In-Reply-To: {parent}\r\nAuthentication-Results: " + PASS + "\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the plan.\r\n"
    "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-plan\r\n--b--\r\n"
)


@pytest.fixture
def letter(office: Office) -> Any:
    """The letter that told Anna of a leak."""
    office.mail(headers=TRUSTED)
    return office.letters("anna@city.example")[-1]


def test_a_reply_with_another_subject_joins_and_acts(office: Office, letter: Any) -> None:
    """The signed Message-ID in In-Reply-To is enough, sent to an address without a tag."""
    mail = office.mail(
        "anna@city.example",
        "Something else",
        body="take",
        headers={**TRUSTED, "In-Reply-To": letter["Message-ID"]},
    )
    assert (mail.outcome, office.tasks(), office.task().assignee) == ("joined", 1, "anna@city.example")


def test_a_reply_whose_references_were_stripped_joins_and_acts(office: Office, letter: Any) -> None:
    """The signed address it is sent to is enough, with another subject and no reference."""
    mail = office.mail(
        "anna@city.example", "Something else", to=letter["Reply-To"], body="take", headers=TRUSTED
    )
    assert (mail.outcome, office.tasks(), office.task().assignee) == ("joined", 1, "anna@city.example")


def test_a_reply_with_references_only_joins(office: Office, letter: Any) -> None:
    """Some programs leave out In-Reply-To; the newest of References is looked at first."""
    references = f"<other@x.example> {letter['References']} {letter['Message-ID']}"
    mail = office.mail(
        "anna@city.example", "Else", body="take", headers={**TRUSTED, "References": references}
    )
    assert (mail.outcome, office.task().assignee) == ("joined", "anna@city.example")


@pytest.mark.parametrize("who", ["clara@people.example", "anna@city.example", "dora@city.example"])
def test_the_reference_alone_joins_for_those_who_take_part(office: Office, letter: Any, who: str) -> None:
    """Requester, member, watcher: their words are on the task; nothing is done by them."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    reference = office.task().reference
    perform(User.objects.get(address="chief@city.example"), reference, "route", team="desk@city.example")
    perform(User.objects.get(address="dora@city.example"), reference, "watch")
    perform(User.objects.get(address="dora@city.example"), reference, "route", team="works@city.example")
    mail = office.mail(who, f"Re: [#{reference}] whatever", body="done", headers=TRUSTED)
    assert (mail.outcome, office.tasks(), office.task().state) == ("joined", 1, "pending")


@pytest.mark.parametrize("who", ["eve@people.example", "sofie@school.example"])
def test_a_stranger_with_a_guessed_reference_never_joins(office: Office, letter: Any, who: str) -> None:
    """bad input 36: By subject, by the thread's root, by a Message-ID with a made-up signature, by a guessed address."""
    reference = office.task().reference
    guesses: list[dict[str, Any]] = [
        {"subject": f"Re: [#{reference}] Water leak"},
        {
            "subject": "Re: leak",
            "headers": {**TRUSTED, "In-Reply-To": f"<{reference.lower()}.task@city.example>"},
        },
        {
            "subject": "Re: leak",
            "headers": {**TRUSTED, "In-Reply-To": f"<{reference.lower()}.1.{'0' * 26}@city.example>"},
        },
        {"subject": "Re: leak", "to": f"orgo+{reference.lower()}.{'0' * 26}@city.example"},
    ]
    for number, guess in enumerate(guesses, 2):
        mail = office.mail(who, **{"headers": TRUSTED, "body": f"done {number}", **guess})
        assert (mail.outcome, office.tasks()) == ("opened", number)


def test_the_same_mail_in_two_mailboxes_is_one_task_with_both_addresses(office: Office) -> None:
    """bad input 49: Other bytes on the way (each server adds its own headers), the same content: counted there, told once."""
    from orgo.intake.models import Mail

    raw = written("clara@people.example", "info@city.example", "Water leak", office.clock.now())
    office.mail(raw=b"Received: by mx1\r\n" + raw, to="info@city.example")
    office.mail(raw=b"Received: by mx2\r\n" + raw, to="works@city.example")
    mails = Mail.objects.filter(task=office.task().pk).order_by("id")
    assert [(mail.outcome, mail.envelope_to) for mail in mails] == [
        ("opened", ["info@city.example"]),
        ("linked", ["works@city.example"]),
    ]
    assert (office.tasks(), office.told().count("anna@city.example")) == (1, 1)


LABELLED = RULES.replace(
    "  - name: Leaks\n",
    """  - name: Of the front desk
    condition: "recipient is 'info@city.example'"
    action: {labels: [front]}
  - name: Of the works
    condition: "recipient is 'works@city.example'"
    action: {labels: [yard], visibility: private, priority: low, route_to: desk@city.example}
  - name: Leaks
""",
)


def test_each_mailbox_decides_and_the_task_has_the_labels_of_both(tmp_path: Path) -> None:
    """bad input 49: One task; the copy gives its labels and the stricter visibility, and routes nothing anew."""
    from orgo.audit.models import Event

    office = Office(tmp_path, rules=LABELLED)
    raw = written("clara@people.example", "info@city.example", "Water leak", office.clock.now())
    office.mail(raw=b"Received: by mx1\r\n" + raw, to="info@city.example")
    assert office.task().labels == ["front"]
    copy = office.mail(raw=b"Received: by mx2\r\n" + raw, to="works@city.example")
    task = office.task()

    assert (task.labels, task.visibility) == (["front", "yard"], "private")
    assert (task.team, task.priority, office.tasks()) == ("works@city.example", "high", 1)
    assert "Of the works" in copy.decision["rules"]
    office.mail(raw=b"Received: by mx3\r\n" + raw, to="works@city.example")
    assert Event.objects.filter(task=task.pk, type="task.changed").count() == 1
    office.close()


def test_a_copy_that_came_the_same_way_decides_nothing(office: Office) -> None:
    """Orgo asks no rule again for what a server delivered twice."""
    raw = written("clara@people.example", "info@city.example", "Water leak", office.clock.now())
    office.mail(raw=b"Received: by mx1\r\n" + raw)
    copy = office.mail(raw=b"Received: by mx2\r\n" + raw)
    assert (copy.outcome, copy.decision) == ("linked", None)


def test_the_page_says_by_which_mailboxes_it_came(office: Office) -> None:
    """Each address once, with the mailbox's name where that is another, and without the tag of a reply address."""
    from django.test import Client

    from orgo.intake.store import Incoming
    from orgo.people.models import User
    from orgo.pipeline import take

    raw = written("clara@people.example", "info@city.example", "Water leak", office.clock.now())
    tagged = f"orgo+7qk3md.{'0' * 26}@city.example"
    ways = [("info@city.example", "front"), ("works@city.example", "works@city.example"), (tagged, "")]
    for number, (address, mailbox) in enumerate([*ways, ways[0]]):
        data = f"Received: by mx{number}\r\n".encode() + raw
        take([Incoming(data=data, source="imap", envelope_to=(address,), mailbox=mailbox)])
        office.settle()
    client = Client()
    client.force_login(User.objects.get(address="chief@city.example"))
    page = client.get(f"/tasks/{office.task().reference}").content.decode()
    shown = re.findall(r'<span class="way">([^<]*)</span>', page)
    assert shown == ["info@city.example (front)", "works@city.example", "orgo@city.example"]


def test_an_answer_in_two_mailboxes_is_carried_out_once(office: Office, letter: Any) -> None:
    """The second copy is counted at the first, also where the first has closed the task: no refusal, no second comment."""
    from orgo.audit.models import Event

    raw = written(
        "anna@city.example",
        str(letter["Reply-To"]),
        "Re: Water leak",
        office.clock.now(),
        body="done",
        headers={**TRUSTED, "In-Reply-To": str(letter["Message-ID"])},
    )
    office.forget()
    first = office.mail("anna@city.example", raw=b"Received: by mx1\r\n" + raw, to="info@city.example")
    told = office.told()
    second = office.mail("anna@city.example", raw=b"Received: by mx2\r\n" + raw, to="works@city.example")
    assert (first.outcome, second.outcome, second.same_as) == ("joined", "linked", first.pk)
    assert (office.task().state, office.told()) == ("completed", told)
    assert Event.objects.filter(task=office.task().pk, type="task.commented").count() == 1


def test_attachments_of_a_reply_join_the_task(office: Office, letter: Any) -> None:
    """The reply's file is among the task's mails, whole."""
    from orgo.intake.store import read_raw

    raw = FILE.format(to=letter["Reply-To"], parent=letter["Message-ID"]).encode()
    mail = office.mail("anna@city.example", raw=raw, to=str(letter["Reply-To"]))
    assert (mail.outcome, mail.task) == ("joined", office.task().pk)
    assert [file["name"] for file in mail.attachments] == ["plan.pdf"]
    assert b"%PDF-plan" in read_raw(mail.pk)


def test_what_was_understood_is_confirmed_and_taken_back(office: Office, letter: Any) -> None:
    """The answer says it in words and how to undo it; undo does so, and says that too."""
    office.answer("anna@city.example", "I will take this one.")
    said = text_of(office.letters("anna@city.example")[-1])
    assert "undo" in said
    assert office.task().assignee == "anna@city.example"
    office.answer("anna@city.example", "undo")
    assert office.task().assignee == ""
    assert text_of(office.letters("anna@city.example")[-1]) != said


@pytest.mark.parametrize(
    ("words", "answer", "more"),
    [
        ("Ich übernehme das.", "Sie übernehmen diese Aufgabe.", "rückgängig"),
        ("Me encargo yo.", "Usted se encarga de esta tarea.", "deshacer"),
        ("Je m'en occupe.", "Vous prenez cette tâche en charge.", "annuler"),
        ("asignar a nadie@evil.example", "No está claro quién es", "No se ha cambiado nada"),
        ("take", "You take this task.", "undo"),
    ],
)
def test_a_command_is_answered_in_the_language_it_was_written_in(
    office: Office, letter: Any, words: str, answer: str, more: str
) -> None:
    """And the word that takes it back, in that language, does so."""
    office.answer("anna@city.example", words)
    said = text_of(office.letters("anna@city.example")[-1])
    assert answer in said
    assert more in said
    if office.task().assignee:
        office.answer("anna@city.example", more)
        assert office.task().assignee == ""


def test_what_staff_passes_on_is_the_first_sender_s(office: Office) -> None:
    """Answers go to who wrote it; the one in the middle watches; the task says so."""
    from orgo.task.models import Note

    office.mail("dora@city.example", "Fwd: Water leak", body=PASSED_ON)
    task = office.task()
    assert (task.requester, task.requester_name) == ("clara@people.example", "Clara Client")
    assert task.watchers == "|dora@city.example|"
    assert "dora@city.example" in Note.objects.get(task=task.pk).text
    office.answer("anna@city.example", "done")
    assert {"clara@people.example", "dora@city.example"} <= set(office.told())


def test_what_staff_passes_on_as_an_attachment_is_the_first_sender_s(office: Office) -> None:
    """As Outlook's "forward as attachment" does it: the mail itself is in it, and no words."""
    raw = (
        b"From: dora@city.example\r\nSubject: FW: Water leak\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"From: Clara Client <clara@people.example>\r\nSubject: Water leak\r\n\r\nIt drips.\r\n--b--\r\n"
    )
    office.mail("dora@city.example", raw=raw)
    task = office.task()
    assert (task.requester, task.requester_name) == ("clara@people.example", "Clara Client")


def test_the_first_sender_s_answer_joins(office: Office) -> None:
    """Whom answers go to is a requester like any other."""
    office.mail("dora@city.example", "Fwd: Water leak", body=PASSED_ON)
    office.answer("anna@city.example", "eta 30 min")
    mail = office.answer("clara@people.example", "It is in Room 103, not 102.")
    assert (mail.outcome, office.tasks()) == ("joined", 1)


def test_who_was_only_named_gets_no_receipt(office: Office) -> None:
    """A forged "passed on" can't make Orgo write to a victim by itself (S03)."""
    office.mail("dora@city.example", "Fwd: Water leak", body=PASSED_ON, headers=TRUSTED)
    assert "clara@people.example" not in office.told()


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("eve@people.example", TRUSTED),
        ("dora@city.example", {"Authentication-Results": "mx.city.example; dmarc=fail"}),
    ],
)
def test_what_others_pass_on_is_their_own(office: Office, sender: str, headers: dict[str, str]) -> None:
    """A stranger, or somebody who only claims to work here, can name no other requester."""
    office.mail(sender, "Fwd: Water leak", body=PASSED_ON, headers=headers)
    assert office.task().requester == sender


def test_our_own_address_is_nobody_s_requester(office: Office) -> None:
    """A letter of ours that is passed on has no first sender that could be written to."""
    body = PASSED_ON.replace("clara@people.example", "orgo@city.example")
    office.mail("dora@city.example", "Fwd: Water leak", body=body)
    assert office.task().requester == "dora@city.example"


@pytest.mark.parametrize(
    ("words", "who", "state", "assignee"),
    [
        ("take", "anna@city.example", "in_progress", "anna@city.example"),
        ("take", "clara@people.example", "pending", ""),
        ("take", "dora@city.example", "pending", ""),
        ("done", "anna@city.example", "completed", "anna@city.example"),
        ("done", "clara@people.example", "completed", ""),
        ("done", "dora@city.example", "pending", ""),
        ("assign ben@city.example", "anna@city.example", "pending", "ben@city.example"),
        ("assign ben@city.example", "clara@people.example", "pending", ""),
        ("assign ben@city.example", "dora@city.example", "pending", ""),
    ],
)
def test_each_may_what_is_theirs(office: Office, words: str, who: str, state: str, assignee: str) -> None:
    """Member, requester, watcher, each with a letter of their own (DESIGN.md section 6, "Who may")."""
    office.mail("dora@city.example", "Fwd: Water leak", body=PASSED_ON)
    house_letter_to(office, who)
    office.answer(who, words)
    task = office.task()
    assert (task.state, task.assignee) == (state, assignee)


def house_letter_to(office: Office, who: str) -> None:
    """Have Orgo write to `who` about the last task, so that there is a letter to answer."""
    from orgo.flow.house import open_house
    from orgo.flow.unit import Unit
    from orgo.task.values import Notice

    with Unit(open_house()) as unit:
        state = unit.state(office.task().pk)
        assert state is not None
        unit.tell(state, Notice("eta", (who,), state.seq))
    office.settle()
