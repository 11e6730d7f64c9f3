"""Every named crash point of H1 to H7 and H9: killed there by SIGKILL, started again, and then counted."""

import os
import re
from itertools import product
from pathlib import Path

import pytest

from tests.crash.house import House, invariants
from tests.crash.test_seal import POINTS as OF_SEALS

SOURCE = Path(__file__).resolve().parents[2] / "src" / "orgo"
MAILS = 6
POINTS = [
    "H1.before_commit", "H1.after_commit", "H1.before_250", "H2.before_claim_commit", "H2.after_claim", "H3.after_parse",
    "H4.before_write", "H4.after_events", "H5.after_letters", "H4.before_commit", "H4.after_commit",
    "H6.before_claim_commit", "H6.after_claim", "H7.before_dot", "H7.after_dot", "H7.before_settle", "H7.after_settle",
    "H9.before_fire", "H9.after_fire",
]  # fmt: skip
OF_MAILBOXES = [
    "H1.fetched_before_commit",
    "H1.fetched_after_commit",
    "H1.marked_before_commit",
]  # test_mailbox.py

# test_backup.py
OF_BACKUPS = [
    "H13.snapshot_taken", "H13.before_database", "H13.archive_written", "H13.before_rename", "H13.sent",
    "H13.unpacked_one", "H13.unpacked", "H13.files_put", "H13.before_commit", "H13.database_put",
]  # fmt: skip

# tried where archives are read: tests/unit/intake/test_outlook.py
OF_ARCHIVES = ["H1s.item"]

# `make crash` tries each point on each database for the first and the third time; a usual run every point on both.
WHOLE = bool(os.environ.get("ORGO_CRASH_WHOLE"))
PAIRS = [
    pytest.param(nth, database, marks=[pytest.mark.needs("postgresql")] if database == "postgresql" else [])
    for nth, database in product((1, 3), ("sqlite", "postgresql"))
    if WHOLE or (nth == 1) == (database == "sqlite")
]


def test_every_crash_point_in_the_code_is_tried() -> None:
    named = {
        found
        for path in SOURCE.rglob("*.py")
        for found in re.findall(r'crashpoint\("([^"]+)"\)', path.read_text())
    }

    assert named == {*POINTS, *OF_MAILBOXES, *OF_SEALS, *OF_ARCHIVES, *OF_BACKUPS}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("nth", "database"), PAIRS)
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_nothing_is_lost_and_nothing_doubled(
    house: House, point: str, nth: int, database: str
) -> None:
    late = point.startswith("H9")
    house.start("" if late else f"{point}:{nth}")
    taken = []
    for number in range(MAILS):
        if house.alive() and house.send(number):
            taken.append(number)
        if nth > 1:  # each mail a batch of its own, else there would be no third one
            house.until(house.idle)
    house.until(lambda: house.idle() and len(house.rows("select id from task_task")) == MAILS)
    if late:
        house.stop()
        house.start(f"{point}:{nth}", hours=3)
        house.until(lambda: False, seconds=20)
    assert not house.alive(), f"{point} was never reached"

    # What was not taken the sender sends again, as a mail server does; an hour later every lease has run out.
    house.start(hours=4 if late else 1)
    for number in range(MAILS):
        if number not in taken or point.startswith("H1"):
            assert house.send(number, tries=5)
    assert house.until(house.idle)
    if late:
        assert house.until(
            lambda: len(house.rows("select id from audit_event where type = 'task.escalated'")) == MAILS
        )
        assert house.until(house.idle)

    assert invariants(house, MAILS, escalated=late) == []
