"""Letters that come back: found by their return path, told to a person, never a task; addresses that always bounce."""

from typing import Any

import pytest

from tests.office import Office, text_of


def dsn(
    to: str, *, status: str = "5.1.1", action: str = "failed", about: str = "", recipient: str = ""
) -> bytes:
    """A delivery report (RFC 3464) to the return path `to`; `about` is the returned mail's Message-ID, if it is quoted."""
    returned = f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n" if about else ""
    return (
        f"From: MAILER-DAEMON@mx.city.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {recipient or 'somebody@city.example'}\r\n"
        f"Action: {action}\r\nStatus: {status}\r\n\r\n{returned}--b--\r\n"
    ).encode()


def feedback(to: str, about: str) -> bytes:
    """A complaint (RFC 5965) about the mail with this Message-ID."""
    return (
        f"From: fbl@provider.example\r\nTo: {to}\r\nSubject: FW: leak\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {about}\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def letter_to(recipient: str) -> Any:
    from orgo.outbox.models import Letter

    return Letter.objects.filter(recipient=recipient).order_by("-id").first()


def bounce(office: Office, recipient: str, **more: str) -> Any:
    """The last letter to `recipient` comes back; returns its row."""
    letter = letter_to(recipient)
    office.mail("", raw=dsn(letter.sender, recipient=recipient, **more), to=letter.sender)
    letter.refresh_from_db()
    return letter


def test_each_letter_has_a_return_path_of_its_own(office: Office) -> None:
    """Two letters to one person on one task come back to two addresses, each signed, none too long for a server."""
    office.mail()
    first = letter_to("anna@city.example").sender
    office.later(hours=1)
    office.mail("clara@people.example", f"Re: [#{office.task().reference}]", body="It is worse now.")
    second = letter_to("anna@city.example").sender
    assert first != second
    assert all(len(path.partition("@")[0]) <= 64 for path in (first, second))
    assert [caught.envelope_from for caught in office.catcher.caught if caught.envelope_from == first]


def test_a_bounce_that_quotes_nothing_finds_its_letter(office: Office) -> None:
    """bad input 39: The return path alone says which letter it was, also when a later one went to the same person."""
    office.mail()
    first = letter_to("ben@city.example")
    office.mail("clara@people.example", f"Re: [#{office.task().reference}]", body="It is worse now.")
    later = letter_to("ben@city.example")
    assert later.pk != first.pk
    mail = office.mail("", raw=dsn(first.sender), to=first.sender)
    first.refresh_from_db()
    later.refresh_from_db()
    assert (mail.outcome, mail.task, first.state, later.state) == ("bounce", first.task, "failed", "sent")
    assert first.bounce == "5.1.1"


def test_a_bounce_to_the_reply_address_finds_its_letter(office: Office) -> None:
    """Some servers send what they can't deliver to Reply-To; that address is signed for its reader, too."""
    office.mail()
    to = str(office.letters("ben@city.example")[-1]["Reply-To"])
    office.mail("", raw=dsn(to), to=to)
    assert letter_to("ben@city.example").state == "failed"
    assert letter_to("anna@city.example").state == "sent"


def test_words_that_no_standard_knows_come_back_all_the_same(office: Office) -> None:
    """A mail from nobody to a return path is a bounce, whatever it says: a person is told, no task is opened."""
    office.mail()
    letter = letter_to("ben@city.example")
    raw = f"From: postbus@mx.city.example\r\nTo: {letter.sender}\r\nSubject: xyzzy\r\n\r\nPlugh.\r\n"
    mail = office.mail("", raw=raw.encode(), to=letter.sender)
    letter.refresh_from_db()
    assert (mail.outcome, letter.state, office.tasks()) == ("bounce", "failed", 1)
    assert "ben@city.example" in text_of(office.letters("chief@city.example")[-1])


def test_a_late_letter_has_not_failed(office: Office) -> None:
    """Action: delayed changes nothing but is kept."""
    office.mail()
    letter = bounce(office, "ben@city.example", action="delayed", status="4.4.7")
    assert letter.state == "sent"


@pytest.mark.parametrize("of", ["message_id", "return_path"])
def test_a_bounce_with_a_forged_signature_is_ignored(office: Office, of: str) -> None:
    """bad input 39: Nobody can make a letter look lost: one changed letter of the signature, and it is nobody's."""
    office.mail()
    letter = letter_to("ben@city.example")
    turned = str.maketrans("0123456789abcdefghjkmnpqrstvwxyz", "123456789abcdefghjkmnpqrstvwxyz0")
    if of == "message_id":
        number, signature = letter.message_id.split("@")[0].rsplit(".", 1)
        raw = dsn("orgo@city.example", about=f"{number}.{signature.lower().translate(turned)}@city.example>")
        mail = office.mail("", raw=raw, to="orgo@city.example")
    else:
        local, signature = letter.sender.split("@")[0].rsplit(".", 1)
        path = f"{local}.{signature.translate(turned)}@city.example"
        mail = office.mail("", raw=dsn(path), to=path)
    letter.refresh_from_db()
    assert (mail.outcome, letter.state, office.tasks()) == ("ignored", "sent", 1)
    assert "signature" in mail.reason


def test_a_bounce_of_somebody_elses_mail_opens_nothing_and_is_listed(office: Office) -> None:
    """bad input 39: a clerk's own mail may have come back, so triage hears of it once a day; a forger's thousand are one line."""
    from django.test import Client

    from orgo.flow.digest import send_digest
    from orgo.people.models import User

    for number in (1, 2):
        raw = dsn("info@city.example", about=f"<{number}@other.example>")
        mail = office.mail("", raw=raw, to="info@city.example")
        assert (mail.outcome, mail.task, office.tasks()) == ("bounce", None, 0)
    client = Client()
    client.force_login(User.objects.get(address="admin@city.example"))
    page = client.get("/ignored", headers={"Accept-Language": "fr"}).content.decode()
    assert page.count("un avis de non-remise d&#x27;un message") == 2

    office.clock.advance(days=1)
    assert send_digest() == 1
    office.settle()
    (digest,) = office.letters("dora@city.example")
    assert "(2×)\r\n  a bounce of no letter of ours" in text_of(digest)


def test_a_machine_that_answers_the_return_path_opens_nothing(office: Office) -> None:
    """An autoresponder without any sign of one, from an address nobody knows: no task and no letter."""
    office.mail()
    letter = letter_to("ben@city.example")
    before = len(office.catcher.caught)
    mail = office.mail("robot@city.example", "I have left the company", to=letter.sender, body="Farewell.")
    assert (mail.outcome, office.tasks(), len(office.catcher.caught)) == ("ignored", 1, before)


def bounced_thrice(office: Office, status: str = "5.1.1", days: int = 1) -> None:
    for number in range(3):
        office.mail(subject=f"leak {number}")
        bounce(office, "ben@city.example", status=status)
        office.later(days=days)


def test_after_three_hard_bounces_an_address_gets_no_more(office: Office) -> None:
    """The fourth letter is not sent, a person was told why, the trail says it; others get theirs."""
    from orgo.audit.models import Event

    bounced_thrice(office)
    told = [text_of(letter) for letter in office.letters("chief@city.example") if "ben@" in letter["Subject"]]
    assert "orgo mail suppressed --lift" in told[-1]
    assert "orgo mail suppressed" not in told[0]
    office.forget()
    office.mail(subject="another leak")
    assert "anna@city.example" in office.told()
    assert "ben@city.example" not in office.told()
    assert letter_to("ben@city.example").state == "failed"
    assert not any("ben@" in letter["Subject"] for letter in office.letters("chief@city.example"))
    assert Event.objects.filter(type="address.suppressed").count() == 1


def test_lifted_it_gets_letters_again_and_starts_anew(office: Office) -> None:
    """What bounced before a person lifted it counts no more."""
    from orgo.audit.models import Event
    from orgo.outbox.suppression import lift, suppressed

    bounced_thrice(office)
    assert [row.address for row in suppressed()] == ["ben@city.example"]
    assert lift("Ben@city.example", "admin@city.example")
    assert not lift("ben@city.example", "admin@city.example")
    office.mail(subject="another leak")
    bounce(office, "ben@city.example")
    assert suppressed() == []
    assert Event.objects.filter(type="address.lifted", actor="admin@city.example").count() == 1


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.3.0", "4.4.7", "5.4.4"])
def test_what_is_not_the_address_s_fault_suppresses_nobody(office: Office, status: str) -> None:
    """A full mailbox, a policy, a server in trouble: letters go on."""
    from orgo.outbox.suppression import suppressed

    bounced_thrice(office, status)
    assert suppressed() == []


def test_bounces_of_months_ago_do_not_count(office: Office) -> None:
    """Three within 30 days it takes."""
    from orgo.outbox.suppression import suppressed

    bounced_thrice(office, days=20)
    assert suppressed() == []


def test_a_level_to_a_suppressed_address_hurries_on(office: Office) -> None:
    """Fired is not told: the next level fires at once, as for any letter that can't be delivered."""
    from orgo.outbox.suppression import suppress

    suppress("chief@city.example", "gone")
    office.mail()
    office.later(hours=2)
    assert office.task().level == 2
    assert "chief@city.example" not in office.told()


def test_a_server_s_own_refusal_counts_too(office: Office) -> None:
    """5.1.1 in the answer to RCPT is a hard bounce like one by mail."""
    from orgo.delivery.ports import DeliveryError
    from orgo.outbox.suppression import suppressed

    real = office.courier.deliver

    def refuse(parcel: Any, before_dot: Any) -> str:
        if parcel.recipient == "ben@city.example":
            raise DeliveryError("550 5.1.1 no such user", permanent=True)
        return real(parcel, before_dot)

    office.courier.deliver = refuse  # type: ignore[method-assign]
    for number in range(3):
        office.mail(subject=f"leak {number}")
    assert [row.address for row in suppressed()] == ["ben@city.example"]


def test_who_complains_gets_no_more_letters_and_the_team_hears(office: Office) -> None:
    """A feedback report (RFC 5965) opens no task; whoever works on the task knows that the requester hears nothing."""
    from orgo.outbox.suppression import suppressed

    office.mail()
    office.answer("anna@city.example", "eta 30 min")
    letter = letter_to("clara@people.example")
    mail = office.mail("fbl@provider.example", raw=feedback("orgo@city.example", letter.message_id))
    assert (mail.outcome, office.tasks()) == ("bounce", 1)
    assert [row.address for row in suppressed()] == ["clara@people.example"]
    assert "complained" in text_of(office.letters("anna@city.example")[-1])


def test_a_complaint_of_our_own_people_silences_nobody(office: Office) -> None:
    """A technician who presses "spam" still gets escalations; it is kept and told."""
    from orgo.outbox.suppression import suppressed

    office.mail()
    letter = letter_to("anna@city.example")
    office.mail("fbl@provider.example", raw=feedback("orgo@city.example", letter.message_id))
    assert suppressed() == []


def test_a_level_whose_letter_comes_back_hurries_on(office: Office) -> None:
    """ "Fired" is not "told" (H9): the next level fires at once and says why, as when the server had refused it."""
    office.mail()
    office.later(hours=2)
    assert office.task().level == 1
    bounce(office, "chief@city.example")
    assert office.task().level == 2
    assert "escalated" in kinds_to("admin@city.example")


def test_a_level_that_another_heard_does_not_hurry(office: Office) -> None:
    """Two supervisors' deputies were told; one mailbox is full."""
    from orgo.outbox.models import Letter

    office.mail()
    office.later(hours=2)
    letter = letter_to("chief@city.example")
    twin = {field.name: getattr(letter, field.name) for field in Letter._meta.fields}
    Letter.objects.create(**{**twin, "id": 1, "recipient": "x@city.example", "message_id": "<1@x>"})
    bounce(office, "chief@city.example")
    assert office.task().level == 1


def test_a_former_level_s_letter_that_comes_back_hurries_nothing(office: Office) -> None:
    """The next level has fired meanwhile: somebody knows."""
    from orgo.task.rows import state_of

    office.mail()
    office.later(hours=2)
    first = letter_to("chief@city.example")
    office.later(hours=3)
    assert office.task().level == 2
    office.mail("", raw=dsn(first.sender, recipient="chief@city.example"), to=first.sender)
    first.refresh_from_db()
    assert (first.state, state_of(office.task()).hurry) == ("failed", False)


def test_who_did_not_get_a_letter_is_not_told_so_by_letter(office: Office) -> None:
    """The supervisor's own mailbox fails: the next who looks after the task hears of it."""
    office.mail()
    office.later(hours=2)
    bounce(office, "chief@city.example")
    assert "undelivered" not in kinds_to("chief@city.example")
    assert "undelivered" in kinds_to("admin@city.example")


def test_nor_is_who_gets_no_letters_any_more(office: Office) -> None:
    """The supervisor's address is suppressed: ben's trouble is told to the administrator."""
    from orgo.outbox.suppression import suppress

    suppress("chief@city.example", "gone")
    office.mail()
    bounce(office, "ben@city.example")
    assert "undelivered" in kinds_to("admin@city.example")


def kinds_to(recipient: str) -> list[str]:
    from orgo.outbox.models import Letter

    return list(Letter.objects.filter(recipient=recipient).order_by("id").values_list("kind", flat=True))
