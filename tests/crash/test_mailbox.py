"""Killed while it fetches from a mailbox: every mail is there once, and what is owed on the server is done in the end."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.house import House, invariants, mail
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.needs("dovecot")
POINTS = ["H1.fetched_before_commit", "H1.fetched_after_commit", "H1.marked_before_commit"]
MAILS = 6
MAILBOX = """
mailboxes:
  - {{host: localhost, port: {imap}, username: {user}, password: 'file:password', after: {after}, after_folder: Done}}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = House(tmp_path / "home", port)
    yield made
    made.close()


def add_mailbox(house: House, server: Dovecot, user: str, after: str) -> None:
    """Give the house a mailbox that is live."""
    config = house.home / "config" / "config.yaml"
    config.write_text(config.read_text() + MAILBOX.format(imap=server.imap, user=user, after=after))
    (house.home / "config" / "password").write_text(PASSWORD)
    (house.home / "config" / "password").chmod(0o600)
    house.run(
        "from datetime import UTC, datetime; from orgo.intake.mailbox.golive import go_live;"
        f"go_live({user!r}, datetime(2020, 1, 1, tzinfo=UTC))"
    )


def owed(house: House) -> int:
    return house.rows("select count(*) from intake_receipt where owed_since is not null")[0][0]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("after", ["flag", "move"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_nothing_is_lost_and_nothing_doubled(
    house: House, dovecot: Dovecot, point: str, after: str, nth: int
) -> None:
    user = f"crash-{point}-{after}-{nth}@city.example".lower()
    add_mailbox(house, dovecot, user, after)
    dovecot.put(user, *(mail(number) for number in range(MAILS // 2)))
    house.start(f"{point}:{nth}")
    house.until(lambda: house.rows("select count(*) from intake_mail")[0][0] >= MAILS // 2)
    dovecot.put(user, *(mail(number) for number in range(MAILS // 2, MAILS)))
    house.until(lambda: False, seconds=20)
    assert not house.alive(), f"{point} was never reached"

    house.start(hours=1)  # every lease has run out
    assert house.until(lambda: len(house.rows("select id from task_task")) == MAILS)
    assert house.until(lambda: house.idle() and not owed(house))

    assert invariants(house, MAILS) == []
    if after == "move":
        assert (len(dovecot.flags(user)), len(dovecot.flags(user, "Done"))) == (0, MAILS)
    else:
        assert all(b"\\Seen" in flags for flags in dovecot.flags(user).values())
