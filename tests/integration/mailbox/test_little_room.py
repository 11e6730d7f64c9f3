"""The disk has little room: a mailbox leaves its mail on the server, says why, and goes on when there is room."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgo.intake.mailbox.ports import NoRoomHere
from tests.integration.mailbox.conftest import leaks
from tests.little_room import LITTLE, MUCH, room_of

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Sets the room that is left; at the end there is enough, and Orgo knows it."""
    from orgo.intake import space

    yield room_of(monkeypatch)
    monkeypatch.undo()
    space.is_lacking()


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_mail_stays_on_the_server_until_there_is_room(
    box: Any, office: Any, dovecot: Any, room: Callable[[int], None], protocol: str
) -> None:
    there = box(protocol=protocol, port=getattr(dovecot, protocol), tls="none")
    there.fetch()
    there.live()
    there.put(*leaks(3))
    room(LITTLE)
    for _ in range(12):
        with pytest.raises(NoRoomHere):
            there.fetch()
    row = there.row()
    assert (row.state, there.outcomes()) == ("no_room", [])
    assert "too little room" in row.detail
    assert (row.next_try_at - office.clock.now()).total_seconds() <= 60

    room(MUCH)
    assert there.fetch() == 3
    assert (there.row().state, there.outcomes()) == ("ok", ["opened"] * 3)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_room_that_goes_between_two_batches_keeps_the_rest_on_the_server(
    box: Any, dovecot: Any, room: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    from orgo.intake.store import store_many

    monkeypatch.setattr("orgo.intake.mailbox.suspects.BATCH", 2)
    there = box(protocol=protocol, port=getattr(dovecot, protocol), tls="none")
    there.put(*leaks(6))

    def last(mails: Any) -> list[int]:
        taken = store_many(mails)
        room(LITTLE)
        return taken

    with monkeypatch.context() as then:
        then.setattr("orgo.intake.mailbox.batch.store_many", last)
        with pytest.raises(NoRoomHere):
            there.fetch()
    assert len(there.outcomes()) == 2

    room(MUCH)
    assert there.fetch() == 4
    assert len(there.outcomes()) == 6


def test_a_server_is_not_asked_while_there_is_no_room(
    box: Any, room: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.intake.mailbox import watch

    def dialled(account: Any) -> Any:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(watch, "open_session", dialled)
    room(LITTLE)
    with pytest.raises(NoRoomHere):
        box().fetch()
