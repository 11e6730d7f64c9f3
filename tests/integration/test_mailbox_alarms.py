"""A mailbox in trouble: one letter when it begins, one when it is over, whoever looks how often."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orgo.intake.mailbox.ports import State
from tests.office import CONFIG, PEOPLE, Office, text_of

NAME = "info@city.example"
ADMIN = "admin@city.example"
FRENCH = "adele@city.example"
BOXED = CONFIG + f"imap: {{{{host: 127.0.0.1, port: 1, tls: none, username: {NAME}, password: x}}}}\n"
WITH_ADELE = PEOPLE + f"  - {{address: {FRENCH}, name: Adèle, role: administrator, language: fr}}\n"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office in Luxembourg's time that fetches from one mailbox."""
    made = Office(tmp_path, config=BOXED.replace("zone: UTC", "zone: Europe/Luxembourg"))
    yield made
    made.close()


@pytest.fixture
def row(office: Office) -> Any:
    from orgo.intake.models import Mailbox

    return Mailbox.objects.create(name=NAME, state="ok")


def _state(office: Office, row: Any, state: str, detail: str = "") -> int:
    """The mailbox is in this state from now on; returns how many alarms a look raises."""
    from orgo.flow.mailbox_alarms import watch_mailboxes

    if row.state != state:
        row.state, row.detail, row.since = state, detail, office.clock.now()
        row.save(update_fields=["state", "detail", "since"])
    raised = watch_mailboxes()
    office.settle()
    row.refresh_from_db()
    return raised


def test_a_wrong_password_is_told_once_and_its_end_once(office: Office, row: Any) -> None:
    """bad input 51."""
    assert [_state(office, row, "auth_failed", "[AUTHENTICATIONFAILED]") for _ in range(3)] == [1, 0, 0]
    (letter,) = office.letters(ADMIN)
    assert (
        NAME in str(letter["Subject"])
        and "[AUTHENTICATIONFAILED]" in text_of(letter)
        and f"orgo mailbox test {NAME}" in text_of(letter)
        and "/mailboxes" in text_of(letter)
        and "10:00" in text_of(letter)
    )

    assert [_state(office, row, "ok") for _ in range(3)] == [1, 0, 0]
    assert "again" in str(office.letters(ADMIN)[-1]["Subject"]) and len(office.letters(ADMIN)) == 2


def test_a_server_that_is_away_for_a_short_time_is_nobodys_trouble(office: Office, row: Any) -> None:
    assert _state(office, row, "unreachable") == 0
    office.clock.advance(minutes=9)
    assert _state(office, row, "unreachable") == 0 and _state(office, row, "ok") == 0
    assert office.told() == []


def test_one_that_is_away_for_long_is_told(office: Office, row: Any) -> None:
    _state(office, row, "unreachable")
    office.clock.advance(minutes=10)

    assert _state(office, row, "unreachable") == 1 and office.told() == [ADMIN]


def test_another_trouble_in_between_is_no_second_letter(office: Office, row: Any) -> None:
    assert [_state(office, row, state) for state in ("certificate", "auth_failed", "tls")] == [1, 0, 0]


def test_a_paused_mailbox_is_left_alone(office: Office, row: Any) -> None:
    row.paused = True
    row.save()

    assert _state(office, row, "auth_failed") == 0


def test_two_processes_tell_once(office: Office, row: Any) -> None:
    """Both have read the row before either tells."""
    from orgo.flow import mailbox_alarms
    from orgo.flow.house import open_house
    from orgo.intake.models import Mailbox

    Mailbox.objects.update(state="auth_failed", since=office.clock.now())
    both = [Mailbox.objects.get(), Mailbox.objects.get()]

    assert [mailbox_alarms._look(one, open_house()) for one in both] == [1, 0]


def test_one_who_read_the_row_before_it_was_over_tells_nothing(office: Office, row: Any) -> None:
    """A process that was slow does not tell of a trouble that has ended meanwhile."""
    from orgo.flow import mailbox_alarms
    from orgo.flow.house import open_house
    from orgo.intake.models import Mailbox

    Mailbox.objects.update(state="auth_failed", since=office.clock.now())
    slow = Mailbox.objects.get()
    Mailbox.objects.update(state="ok")

    assert mailbox_alarms._look(slow, open_house()) == 0


@pytest.mark.parametrize("state", ["auth_failed", "certificate", "tls", "folder", "unreachable", "error"])
def test_each_administrator_is_told_in_the_own_language(tmp_path: Path, state: str) -> None:
    from orgo.intake.models import Mailbox

    office = Office(tmp_path, config=BOXED, people=WITH_ADELE)
    row = Mailbox.objects.create(name=NAME, state="ok")
    _state(office, row, state)
    office.clock.advance(minutes=10)
    _state(office, row, state)
    _state(office, row, "ok")
    english, french = ([text_of(one) for one in office.letters(who)] for who in (ADMIN, FRENCH))
    office.close()

    assert [len(english), len(french)] == [2, 2]
    assert all("since" in text and "depuis" not in text for text in english)
    assert all("depuis" in text and "since" not in text for text in french)


def test_mail_that_stays_on_a_server_is_told_once(tmp_path: Path) -> None:
    """bad input 29: Of a live mailbox only, each mail once, to each administrator in the own language."""
    from orgo.intake.models import Folder, Mailbox, Receipt

    office = Office(tmp_path, config=BOXED, people=WITH_ADELE)
    row = Mailbox.objects.create(name=NAME, state="ok")
    folder = Folder.objects.create(mailbox=row, name="INBOX")

    def left(uid: str, problem: str) -> int:
        Receipt.objects.create(
            folder=folder, uid=uid, size=60_000_000, arrived_at=office.clock.now(), problem=problem
        )
        return _state(office, row, "ok")

    assert left("7", "too_large") == 0  # it is only observed
    Mailbox.objects.update(mode="live")
    assert [_state(office, row, "ok"), _state(office, row, "ok")] == [1, 0]
    assert left("9", "broken") == 1
    english, french = ([text_of(one) for one in office.letters(who)] for who in (ADMIN, FRENCH))
    office.close()

    assert "INBOX 7, Mon 7 Sep, 08:00, 60.0 MB: larger than max_size" in english[0]
    assert "INBOX 9" in english[1] and "INBOX 7" not in english[1]
    assert "la connexion se coupe" in french[1] and len(english) == len(french) == 2


def test_a_server_that_is_half_away_is_one_trouble(office: Office, row: Any) -> None:
    """It is told after ten minutes, though it refuses in one minute and hangs up in the next."""
    from orgo.flow.mailbox_alarms import watch_mailboxes
    from orgo.intake.mailbox.ledger import Ledger

    ledger = Ledger(office.config.accounts[0])
    told = []
    states: tuple[State, ...] = ("unreachable", "error", "unreachable")
    for state in states:
        ledger.trouble(state, "hangs up", 0.0)
        told.append(watch_mailboxes())
        office.clock.advance(minutes=5)

    assert told == [0, 0, 1]


def test_one_that_is_no_longer_configured_is_nobodys_trouble(office: Office, row: Any) -> None:
    row.name = "former@city.example"
    row.save(update_fields=["name"])

    assert _state(office, row, "auth_failed") == 0


def test_the_workers_of_a_queue_tell_as_well(office: Office, row: Any) -> None:
    """Where Celery runs the clock nobody else looks after the mailboxes."""
    from orgo.intake.models import Mailbox
    from orgo.ops import jobs

    Mailbox.objects.update(state="auth_failed", since=office.clock.now())
    jobs.sweep()
    jobs.sweep()
    office.settle()

    assert office.told() == [ADMIN]


# -- silence: nothing is wrong, and nothing happens


def _looks(office: Office, minutes: int) -> int:
    """Two minutes pass between two looks; returns how many alarms they raise."""
    from orgo.flow.mailbox_alarms import watch_mailboxes

    raised = 0
    for _ in range(minutes // 2):
        office.clock.advance(minutes=2)
        raised += watch_mailboxes()
        office.settle()
    return raised


def test_a_mailbox_that_nobody_has_looked_at_for_long_is_told_once_and_its_end_once(
    office: Office, row: Any
) -> None:
    from orgo.intake.mailbox.ledger import Ledger
    from orgo.intake.mailbox.queries import standings

    ledger = Ledger(office.config.accounts[0])
    ledger.well()
    assert _looks(office, 10) == 0
    assert _looks(office, 40) == 1
    assert "no look at it has ended since" in text_of(office.letters(ADMIN)[0])
    assert standings(office.config.accounts)[0].state == "silent"

    ledger.well()
    assert _looks(office, 4) == 1 and len(office.letters(ADMIN)) == 2
    assert standings(office.config.accounts)[0].state == "ok"


def test_a_mailbox_that_is_seldom_looked_at_is_silent_after_two_waits(tmp_path: Path) -> None:
    from orgo.intake.mailbox.ledger import Ledger

    office = Office(tmp_path, config=BOXED.replace("password: x", "password: x, poll: 1 hour"))
    Ledger(office.config.accounts[0]).well()
    raised = _looks(office, 120), _looks(office, 10)
    office.close()

    assert raised == (0, 1)


def test_what_orgo_slept_through_is_no_mailboxs_silence(office: Office, row: Any) -> None:
    from orgo.intake.mailbox.ledger import Ledger

    Ledger(office.config.accounts[0]).well()
    assert _looks(office, 4) == 0
    office.clock.advance(hours=10)

    assert _looks(office, 4) == 0


def test_a_long_first_fetch_is_no_silence(office: Office, row: Any) -> None:
    """Each batch that is taken is a sign of life; the look itself takes hours."""
    from orgo.intake.mailbox.ledger import Ledger
    from orgo.intake.mailbox.ports import Fetched, Look, Waiting

    ledger = Ledger(office.config.accounts[0])
    ledger.well()
    folder = ledger.folder("INBOX", Look(1))
    raised = 0
    for uid in range(1, 6):
        ledger.take(folder, [Fetched(Waiting(str(uid), 30), b"Subject: old %d\n\nx\n" % uid)], uid)
        raised += _looks(office, 8)

    assert raised == 0


def test_too_little_room_is_told_when_it_lasts(office: Office, row: Any) -> None:
    from orgo.intake.mailbox.ports import NoRoomHere

    assert _state(office, row, "no_room", str(NoRoomHere())) == 0
    office.clock.advance(minutes=10)
    assert _state(office, row, "no_room") == 1
    (letter,) = office.letters(ADMIN)
    assert "too little room" in text_of(letter) and "Please make room" in text_of(letter)
