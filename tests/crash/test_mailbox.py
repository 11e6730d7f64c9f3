"""Killed while it fetches from a mailbox: every mail is there once, and what is owed on the server is done in the end."""

import pytest

from tests.crash.house import House, invariants, mail
from tests.crash.matrix import cells
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.needs("dovecot")
OF_IMAP = ["H1.fetched_before_commit", "H1.fetched_after_commit", "H1.before_mark", "H1.marked_before_commit"]
OF_POP3 = ["H1p.before_quit", "H1p.after_quit"]
POINTS = [*OF_IMAP, *OF_POP3]
NAMES = ("point", "nth", "database", "broker")
MAILS = 6
MAILBOX = """
mailboxes:
  - {{host: localhost, {port}username: {user}, password: 'file:password', after: {after}, after_folder: Done{more}}}
"""


def add_mailbox(house: House, server: Dovecot, user: str, after: str, more: str = "") -> None:
    """Give the house a mailbox that is live."""
    port = "" if "port:" in more else f"port: {server.imap}, "
    config = house.home / "config" / "config.yaml"
    config.write_text(config.read_text() + MAILBOX.format(port=port, user=user, after=after, more=more))
    (house.home / "config" / "password").write_text(PASSWORD)
    (house.home / "config" / "password").chmod(0o600)
    house.run(
        "from datetime import UTC, datetime; from orgo.intake.mailbox.golive import go_live;"
        f"go_live({user!r}, datetime(2020, 1, 1, tzinfo=UTC))"
    )


def owed(house: House) -> int:
    return house.rows("select count(*) from intake_receipt where owed_since is not null")[0][0]


def kill_and_go_on(house: House, dovecot: Dovecot, user: str, armed: str) -> None:
    """Half of the mails lie there before Orgo starts, half come while it runs; it dies at the point and is started again."""
    dovecot.put(user, *(mail(number) for number in range(MAILS // 2)))
    house.start(armed)
    house.until(lambda: house.rows("select count(*) from intake_mail")[0][0] >= MAILS // 2)
    dovecot.put(user, *(mail(number) for number in range(MAILS // 2, MAILS)))
    house.until(lambda: False, seconds=20)
    assert house.was_killed(), f"{armed} was never reached"

    house.start(hours=1)  # every lease has run out
    assert house.until(lambda: len(house.rows("select id from task_task")) == MAILS)
    assert house.until(lambda: house.idle() and not owed(house))
    house.stop()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(OF_IMAP))
def test_killed_at_a_point_nothing_is_lost_and_nothing_doubled(
    house: House, dovecot: Dovecot, point: str, nth: int, database: str, broker: str
) -> None:
    times, after = (1, "flag") if nth == 1 else (2, "move")
    user = f"crash-{point}-{after}-{times}-{database}-{broker}@city.example".lower()
    add_mailbox(house, dovecot, user, after)

    kill_and_go_on(house, dovecot, user, f"{point}:{times}")

    assert invariants(house, MAILS) == []
    if after == "move":
        assert (len(dovecot.flags(user)), len(dovecot.flags(user, "Done"))) == (0, MAILS)
    else:
        assert all(b"\\Seen" in flags for flags in dovecot.flags(user).values())


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(OF_POP3))
def test_killed_while_it_deletes_by_pop3_nothing_is_lost_and_nothing_stays(
    house: House, dovecot: Dovecot, point: str, nth: int, database: str, broker: str
) -> None:
    user = f"crash-{point}-{database}-{broker}@city.example".lower()
    add_mailbox(
        house,
        dovecot,
        user,
        "delete",
        f", protocol: pop3, port: {dovecot.pop3}, poll: 1 s, delete_after: 1 s",
    )

    kill_and_go_on(house, dovecot, user, point)

    assert invariants(house, MAILS) == []
    assert len(dovecot.flags(user)) == 0
