"""The main job from end to end: a mail becomes a task, people are told, their answers move it on, silence escalates."""

import pytest

from orgo.lib.ids import normal_reference
from tests.office import PASS, Office, text_of


def test_a_mail_becomes_a_task_and_its_team_is_told(office: Office) -> None:
    mail = office.mail(subject="Water leak in Room 102")
    task = office.task()

    assert (mail.outcome, mail.task) == ("opened", task.pk)
    assert (task.title, task.team, task.state, task.priority) == (
        "Water leak in Room 102",
        "works@city.example",
        "pending",
        "high",
    )
    assert normal_reference(task.reference) == task.reference
    assert office.told() == ["anna@city.example", "ben@city.example"]
    letter = text_of(office.letters("anna@city.example")[0])
    assert "It leaks." in letter and "What happens next" in letter and "/take?for=" in letter


def test_what_no_rule_wants_goes_to_triage(office: Office) -> None:
    office.mail(subject="A question")

    assert office.task().team == "desk@city.example"


def test_an_answer_finds_its_task_and_acts(office: Office) -> None:
    office.mail()
    joined = office.answer("anna@city.example", "eta 30 min")
    task = office.task()

    assert (joined.outcome, joined.task, office.tasks()) == ("joined", task.pk, 1)
    assert (task.state, task.assignee) == ("in_progress", "anna@city.example")
    confirmation = text_of(office.letters("anna@city.example")[-1])
    assert "undo" in confirmation
    assert "08:30" in text_of(office.letters("clara@people.example")[-1])


def test_done_closes_and_tells_the_requester_in_the_same_thread(office: Office) -> None:
    first = office.mail()
    office.answer("anna@city.example", "Done, thanks")

    letter = office.letters("clara@people.example")[-1]
    assert office.task().state == "completed"
    assert letter["In-Reply-To"] == first.message_id and "is done" in text_of(letter)


def test_undo_takes_back_what_was_understood(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "done")
    office.later(minutes=5)
    office.answer("anna@city.example", "undo")
    task = office.task()

    assert (task.state, task.assignee, task.closed_at) == ("pending", "", None)
    assert task.next_level_at is not None
    said = text_of(office.letters("anna@city.example")[-1])
    assert "is taken back" in said and "the word undo" not in said, "no undo is promised of an undo"


def test_silence_escalates_level_by_level_and_stops_at_the_close(office: Office) -> None:
    office.mail()
    office.forget()

    office.later(hours=1, minutes=59)
    assert office.told() == []
    office.later(minutes=1)
    assert office.told() == ["chief@city.example"] and office.task().level == 1
    office.later(hours=2)
    assert office.told() == ["chief@city.example", "admin@city.example"] and office.task().level == 2
    office.later(days=30)
    assert office.told().count("chief@city.example") == 1


def test_a_closed_task_never_escalates(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "done")
    office.forget()
    office.later(days=30)

    assert office.told() == [] and office.task().level == 0


def test_the_clock_stands_still_while_a_task_waits(office: Office) -> None:
    office.mail()
    office.later(hours=1)
    office.answer("anna@city.example", "wait until wednesday")
    office.forget()

    office.later(hours=20)
    assert office.told() == []
    office.later(days=3)
    assert "chief@city.example" in office.told()


def test_the_requesters_answer_reopens_for_14_days_and_thanks_do_not(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "done")
    office.later(days=1)
    office.answer("clara@people.example", "Thank you very much!")
    assert office.task().state == "completed"
    office.later(days=1)
    office.answer("clara@people.example", "It is leaking again, please come back.")
    task = office.task()

    assert (task.state, task.round) == ("in_progress", 1)
    assert "leaking again" in text_of(office.letters("anna@city.example")[-1])


def test_after_14_days_an_answer_opens_a_task_of_its_own(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "done")
    office.later(days=15)
    again = office.answer("clara@people.example", "It is leaking again, please come back.")

    assert (again.outcome, office.tasks()) == ("opened", 2)


def test_the_same_mail_again_is_linked(office: Office) -> None:
    raw = b"From: clara@people.example\r\nSubject: Water leak\r\nMessage-ID: <x@people.example>\r\nDate: Mon, 07 Sep 2026 08:00:00 +0000\r\n\r\nIt leaks.\r\n"
    office.mail(raw=raw)
    twice = office.mail(raw=raw)
    by_another_way = office.mail(raw=b"Received: from relay.example\r\n" + raw)

    assert (twice.outcome, by_another_way.outcome, office.tasks()) == ("linked", "linked", 1)
    office.later(hours=25)
    assert office.mail(raw=raw).outcome == "opened"


def test_each_copy_of_a_mail_keeps_its_own_bytes(office: Office) -> None:
    from orgo.intake.store import read_raw

    raw = b"From: clara@people.example\r\nSubject: Water leak\r\nMessage-ID: <x@people.example>\r\nDate: Mon, 07 Sep 2026 08:00:00 +0000\r\n\r\nIt leaks.\r\n"
    office.mail(raw=raw)
    by_another_way = office.mail(raw=b"Received: from relay.example\r\n" + raw)

    assert read_raw(by_another_way.pk) == b"Received: from relay.example\r\n" + raw


def test_a_receipt_goes_only_to_who_is_believed_and_once_a_day(office: Office) -> None:
    office.mail("victim@people.example")
    assert "victim@people.example" not in office.told()

    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    office.mail("clara@people.example", subject="Another leak", headers={"Authentication-Results": PASS})

    assert office.told().count("clara@people.example") == 1


def test_an_automatic_reply_opens_and_reopens_nothing(office: Office) -> None:
    """bad input 38: it is stored, and nobody is answered."""
    office.mail()
    office.answer("anna@city.example", "done")
    told = office.told()
    away = office.answer("clara@people.example", "I am away.", headers={"Auto-Submitted": "auto-replied"})

    assert (away.outcome, office.task().state, office.tasks()) == ("ignored", "completed", 1)
    assert office.mail(headers={"Auto-Submitted": "auto-replied"}).outcome == "ignored"
    assert office.told() == told


def test_our_own_letter_that_comes_back_is_ignored(office: Office) -> None:
    """bad input 40."""
    office.mail()
    ours = office.catcher.caught[0].data

    assert office.mail("anna@city.example", raw=ours).outcome == "ignored"
    assert office.tasks() == 1


def test_a_list_mail_is_ignored_unless_a_rule_wants_it(office: Office) -> None:
    """bad input 38."""
    listed = {"List-Id": "<news.supplier.example>"}

    assert office.mail(subject="Our offers", headers=listed).outcome == "ignored"
    assert office.mail(subject="Water leak", headers=listed).outcome == "opened"


def test_a_bounce_fails_its_letter_and_tells_a_person(office: Office) -> None:
    from orgo.outbox.models import Letter

    office.mail()
    letter = Letter.objects.get(recipient="ben@city.example")
    report = (
        f"From: MAILER-DAEMON@mx.city.example\r\nTo: {letter.sender}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; ben@city.example\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {letter.message_id}\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
    bounce = office.mail("", raw=report.encode(), to=letter.sender)
    letter.refresh_from_db()

    assert (bounce.outcome, letter.state, office.tasks()) == ("bounce", "failed", 1)
    assert "5.1.1" in letter.server_reply
    assert "ben@city.example" in text_of(office.letters("chief@city.example")[-1])


def test_a_level_that_can_not_be_told_makes_the_next_fire_at_once(office: Office) -> None:
    from orgo.delivery.ports import DeliveryError

    office.mail()
    real = office.courier.deliver

    def refuse(parcel: object, before_dot: object) -> str:
        if parcel.recipient == "chief@city.example":  # type: ignore[attr-defined]
            raise DeliveryError("550 no such user", permanent=True)
        return real(parcel, before_dot)  # type: ignore[arg-type]

    office.courier.deliver = refuse  # type: ignore[method-assign]
    office.later(hours=2)

    assert office.task().level == 2
    assert "admin@city.example" in office.told()


@pytest.mark.parametrize(
    "who", ["chief@city.example", "admin@city.example", "rolf@city.example", "anna@city.example"]
)
def test_a_harassment_report_is_seen_by_its_team_only(office: Office, who: str) -> None:
    from orgo.people.models import User
    from orgo.people.visibility import may_see, visible_to
    from orgo.task.models import Task

    office.mail(subject="Please help", body="This is harassment by my superior.")
    task = office.task()

    assert may_see(User.objects.get(address="hanna@city.example"), task)
    assert not may_see(User.objects.get(address=who), task)
    assert not Task.objects.filter(visible_to(User.objects.get(address=who))).exists()
    office.later(days=10)
    for letter in office.letters():
        if letter["To"] != "hanna@city.example":
            assert "Please help" not in letter.as_string() and "superior" not in letter.as_string()
    assert "clara@people.example" not in "".join(letter.as_string() for letter in office.letters())


def test_a_stranger_with_a_guessed_reference_opens_a_new_task(office: Office) -> None:
    office.mail()
    reference = office.task().reference

    stranger = office.mail("eve@evil.example", subject=f"Re: [#{reference}] done")
    assert (stranger.outcome, office.tasks()) == ("opened", 2)


def test_a_token_of_somebody_else_changes_nothing(office: Office) -> None:
    office.mail()
    letter = office.letters("anna@city.example")[0]
    task = office.task()

    forged = office.mail(
        "eve@evil.example",
        "Re: x",
        to=str(letter["Reply-To"]),
        body="done",
        headers={"In-Reply-To": str(letter["Message-ID"])},
    )
    task.refresh_from_db()

    assert (forged.outcome, task.state, task.seq) == ("opened", "pending", 1)


def test_a_sender_who_fails_the_check_is_asked_back(office: Office) -> None:
    office.mail()
    office.answer(
        "anna@city.example", "done", headers={"Authentication-Results": "mx.city.example; dmarc=fail"}
    )

    assert office.task().state == "pending"
    assert "not be shown" in text_of(office.letters("anna@city.example")[-1])


def test_a_requester_may_not_assign(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    office.answer("clara@people.example", "assign ben@city.example")

    assert office.task().assignee == ""
    assert "not yours" in text_of(office.letters("clara@people.example")[-1])


def test_a_participant_without_a_token_only_comments(office: Office) -> None:
    office.mail()
    reference = office.task().reference
    mail = office.mail(
        "anna@city.example",
        subject=f"[#{reference}] done",
        body="done",
        headers={"Authentication-Results": PASS},
    )

    assert (mail.outcome, office.task().state) == ("joined", "pending")


def test_not_mine_goes_to_the_team_that_was_named(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "not mine, try hr@city.example")

    assert (office.task().team, office.task().round) == ("hr@city.example", 1)


def test_a_mail_over_a_limit_is_kept_and_triage_hears_of_it(office: Office) -> None:
    from orgo.intake.store import read_raw

    raw = (
        b"From: a@x.example\r\nSubject: mad\r\n"
        + b"".join(b"X-%d: y\r\n" % n for n in range(3000))
        + b"\r\nx\r\n"
    )
    mail = office.mail("a@x.example", raw=raw)

    assert mail.outcome == "quarantined" and "limit.headers" in mail.reason
    assert office.task().team == "desk@city.example" and read_raw(mail.pk) == raw


def test_every_task_is_the_fold_of_its_events(office: Office) -> None:
    from orgo.flow.rebuild import check_all

    for words in (
        "take",
        "eta 30 min",
        "wait until friday",
        "done",
        "undo",
        "assign ben@city.example",
        "not mine",
    ):
        office.mail()
        office.answer("anna@city.example", words)
    office.later(days=3)

    assert list(check_all()) == []


def test_who_was_told_what_is_proved_by_the_servers_own_words(office: Office) -> None:
    from orgo.outbox.models import Letter

    office.mail()

    assert [row.server_reply for row in Letter.objects.order_by("id")] == [
        "250 2.0.0 Caught as 1",
        "250 2.0.0 Caught as 2",
    ]


def test_a_copy_handed_in_before_the_first_is_decided_belongs_to_its_task(office: Office) -> None:
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    twice = [
        Incoming(data=b"From: a@x.example\r\nSubject: leak\r\n\r\nx\r\n", source="smtp") for _ in range(2)
    ]
    take(twice)
    office.settle()

    assert [row.outcome for row in Mail.objects.order_by("id")] == ["opened", "linked"]
    assert set(Mail.objects.values_list("task", flat=True)) == {office.task().pk}


def test_a_reminder_goes_out_before_the_deadline(office: Office) -> None:
    from orgo.flow.acting import perform
    from orgo.people.models import User

    office.mail(subject="A question")
    due = office.clock.now().replace(hour=14)
    perform(User.objects.get(address="dora@city.example"), office.task().reference, "due", until=due)
    office.forget()
    office.later(hours=5)

    assert office.told() == ["dora@city.example"]
    assert "Due" in str(office.letters()[0]["Subject"])


def test_a_subject_that_was_answered_often_is_not_answered_once_more(office: Office) -> None:
    office.mail(subject="Re: AW: Re: Water leak")
    office.answer("anna@city.example", "done")

    assert str(office.letters("clara@people.example")[-1]["Subject"]).startswith("Re: Water leak [#")


def test_a_confidential_answer_makes_its_task_private_before_anybody_else_is_told(office: Office) -> None:
    from orgo.people.models import User
    from orgo.people.visibility import may_see

    office.mail()
    letters = len(office.catcher.caught)
    office.mail(
        "clara@people.example",
        f"[#{office.task().reference}] more",
        body="This is harassment by the director.",
    )

    assert office.task().visibility == "private" and office.tasks() == 1
    assert not may_see(User.objects.get(address="chief@city.example"), office.task())
    office.later(hours=5)
    for caught in office.catcher.caught[letters:]:
        if caught.recipient not in ("anna@city.example", "ben@city.example"):
            assert b"harassment" not in caught.data and b"Water leak" not in caught.data


def test_large_mails_are_claimed_a_few_at_a_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from orgo.intake import claim
    from orgo.intake.store import Incoming, store

    monkeypatch.setattr(claim, "MOST_BYTES", 10_000)
    store(
        [
            Incoming(data=b"Subject: %d\r\n\r\n" % n + b"x" * size, source="smtp")
            for n, size in enumerate((50_000, 4_000, 4_000, 4_000))
        ]
    )

    assert [[row.size // 1000 for row in claim.claim(10)] for _ in range(4)] == [[50], [4, 4], [4], []]
