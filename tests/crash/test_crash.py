"""Every named crash point of a running Orgo: killed there by SIGKILL, started again, and then counted."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.house import House, invariants
from tests.crash.matrix import PAIRS, cells
from tests.crash.test_mailbox import POINTS as OF_MAILBOXES
from tests.crash.test_rounds import POINTS as OF_ROUNDS
from tests.servers.hook import Hook

SOURCE = Path(__file__).resolve().parents[2] / "src" / "orgo"
MAILS = 6
POINTS = [
    "H1s.before_store", "H1.after_mails", "H1.before_commit", "H1.after_commit", "H1s.before_ring", "H1.before_250",
    "H2.before_claim_commit", "H2.after_claim", "H3.after_parse",
    "H4.before_write", "H4.after_tasks", "H4.after_events", "H5.after_letters", "H4.after_mails", "H4.before_commit",
    "H5.before_ring", "H4.after_commit", "H6.after_give_back", "H6.before_claim", "H6.after_claim",
    "H7.before_data", "H7.before_mark", "H7.before_dot", "H7.after_dot", "H7.before_settle", "H7.after_settle",
    "H9.before_fire", "H9.locked", "H9.after_fire",
]  # fmt: skip
# test_backup.py
OF_BACKUPS = [
    "H13.snapshot_taken", "H13.before_database", "H13.archive_written", "H13.before_rename", "H13.sent", "H13.blob_sent", "H13.sending",
    "H13.unpacked_one", "H13.unpacked", "H13.files_put", "H13.put_aside", "H13.before_commit", "H13.database_put",
]  # fmt: skip
# test_blobs.py
OF_BLOBS = ["H1.blob_put"]
OF_BROKERS = ["H6.before_message", "H6.after_message"]
OF_WEBHOOKS = ["H7w.before_post", "H7w.after_post"]
# tried where archives are read: tests/unit/intake/test_outlook.py
OF_ARCHIVES = ["H1s.item"]
ALL = [*POINTS, *OF_BROKERS, *OF_WEBHOOKS, *OF_MAILBOXES, *OF_ROUNDS, *OF_ARCHIVES, *OF_BACKUPS, *OF_BLOBS]
WITH_A_BROKER = [pair for pair in PAIRS if pair[1] != "none"]


def test_every_crash_point_in_the_code_is_tried() -> None:
    named = {
        found
        for path in SOURCE.rglob("*.py")
        for found in re.findall(r'crashpoint\("([^"]+)"\)', path.read_text())
    }

    assert named == set(ALL)
    assert len(named) == len(ALL) >= 45


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("point", "nth", "database", "broker"), cells(POINTS) + cells(OF_BROKERS, WITH_A_BROKER)
)
def test_killed_at_a_point_nothing_is_lost_and_nothing_doubled(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    late = point.startswith("H9")
    taken = until_it_dies(house, point, nth, late=late)

    go_on(house, point, taken, late=late)

    assert invariants(house, MAILS, escalated=late) == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("point", "nth", "database", "broker"), cells(OF_WEBHOOKS))
def test_killed_while_it_posts_every_letter_arrives(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    hook = Hook()
    try:
        for name, text in (("hook_url", hook.url()), ("hook_secret", "hush")):
            (house.home / "config" / name).write_text(text)
            (house.home / "config" / name).chmod(0o600)
        house.configure("webhooks: {ops: {url: 'file:hook_url', secret: 'file:hook_secret', internal: true}}")
        rules = house.home / "config" / "rules.yaml"
        rules.write_text(rules.read_text().replace("to: chief@city.example", "to: 'webhook:ops'"))
        until_it_dies(house, point, nth, late=True)
        go_on(house, point, list(range(MAILS)), late=True)
    finally:
        hook.stop()

    arrived = Counter(f"<{json.loads(call.body)['id']}>" for call in hook.calls)
    rows = house.rows("select message_id, state, repeated from outbox_letter where channel = 'webhook'")
    assert len(rows) == MAILS and {state for _, state, _ in rows} == {"sent"}
    assert set(arrived) == {id for id, _, _ in rows}
    assert {id for id, times in arrived.items() if times > 1} <= {id for id, _, again in rows if again}
    assert invariants(house, MAILS) == []


def until_it_dies(house: House, point: str, nth: int, *, late: bool) -> list[int]:
    """Start it with the point armed and send mail until it is dead; returns which mails were taken."""
    # Nothing is given back but by the dead.
    earlier = "H6.after_claim:1" if point == "H6.after_give_back" else ""
    house.start(earlier if late or earlier else f"{point}:{nth}")
    taken = []
    for number in range(MAILS):
        if house.alive() and house.send(number):
            taken.append(number)
        if nth > 1:  # each mail a batch of its own, else there would be no third one
            house.until(house.idle)
    house.until(lambda: house.idle() and len(house.rows("select id from task_task")) == MAILS)
    if late:
        house.stop()
    if late or earlier:
        house.start(f"{point}:{nth}", hours=3 if late else 0.5)
    house.until(lambda: False, seconds=20)
    assert house.was_killed(), f"{point} was never reached"
    return taken


def go_on(house: House, point: str, taken: list[int], *, late: bool) -> None:
    """What was not taken the sender sends again, as a mail server does; an hour later every lease has run out."""
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
    house.stop()
