"""A new mailbox is met with respect: it is only looked at until somebody says from which day on its mail is work."""

from datetime import timedelta

import pytest

from tests.integration.mailbox.conftest import leak, leaks
from tests.office import MONDAY

pytestmark = pytest.mark.needs("dovecot")


def test_an_observed_mailbox_is_explained_and_nothing_is_marked_and_nobody_is_told(box, office):
    from orgo.intake.models import Mail

    there = box()
    there.put(*leaks(3))
    assert there.fetch() == 3
    assert there.outcomes() == ["observed"] * 3
    one = Mail.objects.get(subject="Water leak 0")
    assert one.decision is not None and one.decision["rule"] == "Leaks"
    assert one.decision["reasons"] == [{"rule": "Leaks", "decisive": True, "words": ["leak"]}]
    assert one.decision["why"]["fr"] == ["La règle « Leaks » a décidé : l'objet contient « leak »."]
    assert one.reason == "it would open a task for works"
    assert there.flags() == [set()] * 3
    assert (office.tasks(), office.told()) == (0, [])


def test_an_answer_that_is_only_observed_does_nothing_to_its_task(box, office):
    office.mail()
    (letter, *_) = office.letters("anna@city.example")
    before = office.task().seq
    there = box()
    there.put(
        leak(1, body="done", headers={"In-Reply-To": str(letter["Message-ID"])}).replace(
            b"c1@people", b"anna@city"
        )
    )
    there.fetch()
    assert there.outcomes() == ["observed"]
    assert office.task().seq == before


def test_going_live_makes_work_of_what_came_since_and_history_of_what_is_older(box, office):
    there = box()
    there.put(leak(1), at=MONDAY - timedelta(days=2))
    there.put(leak(2), at=MONDAY + timedelta(minutes=1))
    there.fetch()
    there.live(MONDAY)
    office.settle()
    assert there.outcomes() == ["history", "opened"]
    assert there.fetch() == 0
    assert there.flags() == [set(), {b"\\Seen"}]
    assert office.tasks() == 1
    there.live(MONDAY)
    office.settle()
    assert (there.outcomes(), office.tasks()) == (["history", "opened"], 1)


def test_a_mail_that_is_decided_while_the_mailbox_goes_live_is_not_forgotten(box, office):
    """It was claimed as observed; who decided it makes it work."""
    from orgo.intake.mailbox.watch import Watcher

    there = box()
    there.put(leak(1), at=MONDAY + timedelta(minutes=1))
    Watcher(there.account).fetch()
    there.live(MONDAY)
    office.settle()
    assert (there.outcomes(), office.tasks()) == (["opened"], 1)
    there.fetch()
    assert (there.outcomes(), office.tasks(), there.flags()) == (["opened"], 1, [{b"\\Seen"}])


def test_mail_that_is_older_than_the_cut_off_is_history_and_not_marked(box, office):
    there = box().live(MONDAY)
    there.put(leak(1), at=MONDAY - timedelta(seconds=1))
    there.put(leak(2), at=MONDAY)
    there.fetch()
    assert there.outcomes() == ["history", "opened"]
    assert there.flags() == [set(), {b"\\Seen"}]


def test_a_mail_of_the_very_second_in_which_the_mailbox_goes_live_is_work(box, office):
    """Its server tells the second only."""
    there = box()
    there.live(MONDAY + timedelta(milliseconds=500))
    there.put(leak(1), at=MONDAY + timedelta(milliseconds=900))
    there.fetch()
    assert there.outcomes() == ["opened"]


def test_new_mail_is_decided_before_thousands_that_are_only_history(box, office):
    from orgo.intake.mailbox.watch import Watcher
    from orgo.intake.models import Mail
    from orgo.pipeline import route

    there = box().live(MONDAY)
    there.put(*leaks(60), at=MONDAY - timedelta(days=2))
    there.put(leak(99), at=MONDAY)
    Watcher(there.account).fetch()
    route(office.parser, limit=50)
    assert Mail.objects.get(subject="Water leak 99").outcome == "opened"
    assert Mail.objects.filter(outcome="").count() == 11


@pytest.mark.slow
def test_a_first_fetch_of_ten_thousand_old_mails_writes_to_nobody_and_starts_no_timer(box, office):
    from orgo.intake.models import Mail
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    there = box().live(MONDAY)
    there.server.fill(there.user, (leak(number) for number in range(10_000)), MONDAY - timedelta(days=30))
    assert there.fetch() == 10_000
    assert dict.fromkeys(there.outcomes()) == {"history": None}
    assert Mail.objects.count() == 10_000
    assert (Task.objects.count(), Letter.objects.count(), office.told()) == (0, 0, [])
    office.later(days=30)
    assert (Letter.objects.count(), office.told()) == (0, [])
