"""What becomes of a mail on its server: only after it is stored, only by its UID, and never of somebody else's mail."""

import imaplib

import pytest

from tests.integration.mailbox.conftest import leak, leaks

pytestmark = pytest.mark.needs("dovecot")


def test_kept_mail_is_not_touched(box):
    there = box(after="keep").live()
    there.put(*leaks(2))
    there.fetch()
    assert there.flags() == [set(), set()]


def test_moved_mail_is_in_the_other_folder_which_is_made_where_it_is_missing(box):
    there = box(after="move", after_folder="Done.2026").live()
    there.put(*leaks(3))
    assert there.fetch() == 3
    assert there.flags() == []
    assert len(there.flags("Done.2026")) == 3
    assert there.fetch() == 0


def test_deleted_mail_stays_for_as_long_as_it_was_told_to(box, office):
    there = box(after="delete").live()
    there.put(*leaks(2))
    there.fetch()
    office.later(days=6, hours=23)
    there.fetch()
    assert len(there.flags()) == 2
    office.later(hours=2)
    there.fetch()
    assert there.flags() == []
    assert there.outcomes() == ["opened"] * 2


def test_only_our_own_mail_is_expunged(box, office):
    """Somebody else has marked a mail as deleted and may still want it back."""
    there = box(after="delete").live()
    there.put(leak(1))
    there.fetch()
    office.later(days=8)
    there.with_(max_size=10).put(leak(2))
    with there.server.client(there.user) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search()[-1], [b"\\Deleted"])
    there.with_(max_size=10).fetch()
    assert there.flags() == [{b"\\Deleted"}]


def test_mail_that_somebody_else_removed_meanwhile_stops_nothing(box):
    from orgo.intake.mailbox.dial import open_session

    there = box(after="move").live()
    there.put(*leaks(3))
    session = open_session(there.account)
    session.look("INBOX", True)
    (waiting,) = list(session.waiting(0))
    with there.server.client(there.user) as client:
        client.select_folder("INBOX")
        client.delete_messages([1, 3])
        client.expunge()
    assert [mail.waiting.uid for mail in session.fetch(waiting)] == ["2"]
    session.after(["1", "2", "3"], "move", "Orgo")
    session.close()
    assert len(there.flags("Orgo")) == 1


def test_a_server_without_move_copies_and_removes(box):
    from orgo.intake.mailbox.imap import ImapSession

    there = box(after="move").live()
    there.put(*leaks(2))
    session = ImapSession(there.account)
    offered = session.client.capabilities()
    session.client._cached_capabilities = tuple(word for word in offered if word != b"MOVE")
    session.look("INBOX", True)
    session.after(["1"], "move", "Orgo")
    session.close()
    assert (len(there.flags()), len(there.flags("Orgo"))) == (1, 1)


def test_a_folder_that_cannot_be_marked_is_read_once_and_the_reason_is_shown(box):
    """bad input 58."""
    there = box(folders=["INBOX", "Shared"]).live()
    there.put(*leaks(2), folder="Shared")
    there.server.make_read_only(there.user, "Shared")
    assert there.fetch() == 2
    assert "can't be marked" in there.folder("Shared").problem
    assert there.fetch() == 0
    assert there.outcomes() == ["opened"] * 2
    assert there.row().state == "ok"


def test_what_was_stored_but_not_marked_is_marked_by_the_next_look(box, monkeypatch):
    """The connection breaks just when the mail is to be marked."""
    from orgo.intake.mailbox.imap import ImapSession
    from orgo.intake.mailbox.ports import Unreachable

    there = box().live()
    there.put(*leaks(2))
    with monkeypatch.context() as broken:
        broken.setattr(ImapSession, "_do", lambda *_: (_ for _ in ()).throw(imaplib.IMAP4.abort("cut")))
        with pytest.raises(Unreachable):
            there.fetch()
    assert there.flags() == [set(), set()]
    assert there.fetch() == 0
    assert there.flags() == [{b"\\Seen"}] * 2


def test_a_server_that_does_not_move_mail_still_has_its_mail_taken(box):
    """The folder's name is not allowed there: that is shown, and mail goes on coming in."""
    there = box(after="move", after_folder="Done/2026").live()
    there.put(leak(1))
    assert there.fetch() == 1
    assert "Name must not have '/'" in there.folder().problem
    there.put(leak(2))
    assert there.fetch() == 1
    assert there.row().state == "ok"
