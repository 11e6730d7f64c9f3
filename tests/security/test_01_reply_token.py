"""S01: thread and actor come only from a reply token; a wrong one makes a new mail and changes no task."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orgo.lib.keys import derive
from orgo.outbox.token import Signer
from tests.office import CONFIG, PASS, Office


def _of_another_task(office: Office) -> str:
    office.mail(subject="Another leak")
    return str(office.letters("anna@city.example")[-1]["Reply-To"])


def _of_another_key(office: Office) -> str:
    return Signer(b"another key of another installation").reply_address(
        "orgo@city.example", office.task().reference, "anna@city.example"
    )


def _for_another(office: Office) -> str:
    return str(office.letters("ben@city.example")[0]["Reply-To"])


def _cut(office: Office) -> str:
    return str(office.letters("anna@city.example")[0]["Reply-To"]).replace("@", "x@")


@pytest.mark.parametrize("sender", ["eve@evil.example", "anna@city.example"])
@pytest.mark.parametrize("forged", [_of_another_key, _for_another, _cut])
def test_a_wrong_token_changes_nothing(office: Office, forged: Callable[[Office], str], sender: str) -> None:
    """Whoever sends it, a stranger or the very agent: without the token that was made for her, it is new mail."""
    office.mail()
    first = office.task()

    mail = office.mail(
        sender, "Re: leak", to=forged(office), body="done", headers={"Authentication-Results": PASS}
    )

    first.refresh_from_db()
    assert (mail.outcome, first.state, first.seq) == ("opened", "pending", 1)
    from orgo.audit.models import Event

    (noted,) = Event.objects.filter(type="token.invalid") if forged is not _cut else [None]
    assert noted is None or (noted.actor, noted.data["mail"]) == (sender, mail.pk)


ROTATED = CONFIG + "web: {{secret_key: '{new}', former_keys: [{former}]}}\n"
OLD, NEW = "the key of last year, long enough", "the key of this year, long enough"


@pytest.mark.parametrize(("former", "state"), [(f"'{OLD}'", "completed"), ("", "pending")])
def test_a_letter_of_an_old_key_is_good_until_the_key_is_removed(
    tmp_path: Path, former: str, state: str
) -> None:
    """The key is changed while letters are out; their answers act as long as the old one is named, and not after."""
    config = ROTATED.replace("{new}", NEW).replace("{former}", former)
    office = Office(tmp_path, config=config)
    office.mail()
    reference = office.task().reference
    signer = Signer(derive(OLD, "letters"))
    to = signer.reply_address("orgo@city.example", reference, "anna@city.example")
    headers = {"Authentication-Results": PASS}
    mail = office.mail("anna@city.example", "Re: leak", to=to, body="done", headers=headers)
    found, marks = office.task(reference).state, str(office.letters("anna@city.example")[0]["X-Orgo-Loop"])
    office.close()

    assert found == state
    assert mail.outcome == ("joined" if former else "opened")
    assert marks == Signer(derive(NEW, "letters")).sign("mid", "loop", "city.example")


def test_a_token_of_one_task_acts_on_that_task_only(office: Office) -> None:
    office.mail()
    first = office.task()
    other = _of_another_task(office)

    office.mail(
        "anna@city.example",
        f"Re: [#{first.reference}]",
        to=other,
        body="done",
        headers={"Authentication-Results": PASS},
    )

    first.refresh_from_db()
    assert (first.state, office.task().state) == ("pending", "completed")


def test_a_members_own_address_without_a_token_only_comments(office: Office) -> None:
    office.mail()
    reference = office.task().reference

    office.mail(
        "anna@city.example", f"Re: [#{reference}]", body="done", headers={"Authentication-Results": PASS}
    )

    assert office.task().state == "pending" and office.tasks() == 1
