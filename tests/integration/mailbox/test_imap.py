"""A mailbox on a real Dovecot: every mail once, nothing marked before it is stored."""

import pytest

from tests.integration.mailbox.conftest import leak, leaks

pytestmark = pytest.mark.needs("dovecot")


def mails():
    from orgo.intake.models import Mail

    return Mail.objects.order_by("id")


def test_the_bytes_are_stored_as_the_server_has_them(box):
    from orgo.intake.store import read_raw

    there = box()
    one = b"Subject: caf\xe9\r\nFrom: a@b.example\r\n\r\n8 bit \xff, {5}\r\nA1 OK)\r\n.\r\n\r\n"
    there.put(one)
    there.fetch()
    assert [read_raw(mail.pk) for mail in mails()] == [one]
    assert mails()[0].source == "imap"
    assert mails()[0].mailbox == there.account.name


def test_a_second_look_takes_only_what_is_new(box):
    there = box().live()
    there.put(*leaks(3))
    assert there.fetch() == 3
    there.put(leak(3))
    assert there.fetch() == 1
    assert there.fetch() == 0
    assert there.outcomes() == ["opened"] * 4


def test_several_folders_are_read(box):
    there = box(folders=["INBOX", "Größe & Umbau"]).live()
    there.put(leak(1))
    there.put(leak(2), folder="Größe & Umbau")
    assert there.fetch() == 2
    assert there.flags("Größe & Umbau") == [{b"\\Seen"}]


def test_a_mail_that_was_moved_between_two_folders_is_no_second_task(box):
    """bad input 35."""
    there = box(folders=["INBOX", "Old"]).live()
    there.put(leak(0), folder="Old")
    there.put(leak(1))
    there.fetch()
    there.office.later(days=3)
    with there.server.client(there.user) as client:
        client.select_folder("INBOX")
        client.move(client.search(), "Old")
    there.fetch()
    assert there.outcomes() == ["opened", "opened", "linked"]
    assert there.office.tasks() == 2


def test_new_uids_for_the_same_mails_make_no_second_task(box):
    """bad input 35."""
    there = box().live()
    three = leaks(3)
    there.put(*three)
    there.fetch()
    before = there.folder().uidvalidity
    there.office.later(days=3)
    with there.server.client(there.user) as client:
        client.create_folder("Copy")
        client.select_folder("INBOX")
        client.move(client.search(), "Copy")
    there.server.forget_folder(there.user)
    there.put(*three, leak(9))
    assert there.fetch() == 1
    assert there.folder().uidvalidity != before
    from orgo.audit.models import Event

    told = Event.objects.get(type="mailbox.epoch").data
    assert (told["mailbox"], told["before"], told["after"]) == (
        there.account.name,
        before,
        there.folder().uidvalidity,
    )
    assert there.outcomes() == ["opened"] * 4
    assert there.fetch() == 0


def test_a_renamed_folder_that_is_put_right_makes_no_second_task(box):
    """bad input 57: it is said to be missing, and under its new name its mails are known by their bytes."""
    there = box(folders=["INBOX", "Support"]).live()
    there.put(*leaks(3), folder="Support")
    assert there.fetch() == 3
    with there.server.client(there.user) as client:
        client.rename_folder("Support", "Help")
    there.put(leak(7), folder="Help")
    there.office.later(days=3)
    assert there.fetch() == 0
    assert there.row().state == "folder" and "Help" in there.row().detail

    right = there.with_(folders=("INBOX", "Help"))
    assert right.fetch() == 1 and right.fetch() == 0
    assert right.outcomes() == ["opened"] * 4 and there.office.tasks() == 4
    assert right.row().state == "ok"


def test_a_mail_over_the_limit_stays_and_is_listed_and_is_taken_when_the_limit_is_raised(box):
    """bad input 29."""
    from orgo.intake.models import Receipt

    there = box(max_size=3000).live()
    there.put(leak(1), leak(2, body="x" * 4000), leak(3))
    assert there.fetch() == 2
    left = Receipt.objects.get(problem="too_large")
    assert left.size > 4000 and left.mail is None
    assert there.flags() == [{b"\\Seen"}, set(), {b"\\Seen"}]
    assert there.fetch() == 0
    assert there.with_(max_size=50_000).fetch() == 1
    assert not Receipt.objects.exclude(problem="").exists()
    assert there.flags() == [{b"\\Seen"}] * 3


def test_a_mail_that_was_too_large_and_is_gone_is_forgotten(box):
    from orgo.intake.models import Receipt

    there = box(max_size=3000).live()
    there.put(leak(2, body="x" * 4000))
    there.fetch()
    with there.server.client(there.user) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
        client.expunge()
    there.with_(max_size=50_000).fetch()
    assert not Receipt.objects.exists()


def test_two_readers_of_one_folder_take_each_mail_once(box):
    """Both have looked before either has stored: the slower one takes nothing."""
    from orgo.intake.mailbox.dial import open_session
    from orgo.intake.mailbox.ledger import Ledger, Overtaken

    there = box().live()
    there.put(*leaks(3))
    session, ledger = open_session(there.account), Ledger(there.account)
    folder = ledger.folder("INBOX", session.look("INBOX", True))
    (waiting,) = list(session.waiting(0))
    fetched = list(session.fetch(waiting))
    assert there.fetch() == 3
    with pytest.raises(Overtaken):
        ledger.take(folder, fetched, 3)
    session.close()
    there.office.settle()
    assert there.outcomes() == ["opened"] * 3


def test_the_row_says_how_it_stands(box):
    there = box().live()
    there.put(leak(1), at=there.office.clock.now())
    there.office.clock.advance(seconds=90)
    there.fetch()
    row = there.row()
    assert (row.state, row.failures, row.waiting, row.lag_seconds) == ("ok", 0, 0, 90)
    assert row.last_mail_at == row.last_ok_at == there.office.clock.now()
