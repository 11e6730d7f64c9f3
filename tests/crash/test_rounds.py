"""One round of work in a process of its own: killed at a point, done once more, and then counted.

Files in a watched folder, an import, mail by HTTP, the sealer, the canary and the heartbeat.
"""

import pytest

from tests.crash.house import House, invariants, leftovers, mail
from tests.crash.matrix import PAIRS, WHOLE, cells
from tests.servers.hook import Hook

MAILS = 6
FOLDER = """
from orgo.intake.folder import FolderWatch
watch = FolderWatch(c.home / "in", "move")
watch.round(), watch.round()
"""
IMPORT = """
from orgo.intake import importing, readers
importing.BATCH, readers.QUICK = 2, 0
importing.run([c.home / "in"], importing.Plan("work"), lambda count: None)
"""
HTTP = """
from django.test import Client
from orgo.people.models import User
from orgo.people.tokens import create
secret = create(User.objects.get(address="anna@city.example"), "mail", "scanner", 9, by="test")[1]
for file in sorted((c.home / "in").iterdir()):
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": file.name}
    answer = Client().post("/api/v1/mail?to=info@city.example", file.read_bytes(), "message/rfc822", headers=headers)
    assert answer.status_code == 202, answer.content
"""
SEAL = """
from orgo.audit.keys import signing_key
from orgo.audit.models import record
from orgo.audit.seal import seal
for number in range(8):
    record("person.signed_in", actor=f"a{number}@x.example")
while seal(signing_key(c), c.var, limit=2):
    pass
"""
CANARY = """
from orgo.conf.config import Canary
from orgo.flow.canary import watch
from orgo.intake.store import Incoming, store
from orgo.message.pool import ParserPool
from orgo.outbox.models import Letter
from orgo.pipeline import route
from datetime import UTC, datetime, timedelta
from orgo.lib import clock
watch(Canary(mailbox="orgo"), "orgo@city.example")
letter = Letter.objects.get(kind="canary")
data = f"From: orgo@city.example\\r\\nTo: orgo@city.example\\r\\nMessage-ID: {letter.message_id}\\r\\n\\r\\nhome\\r\\n"
store([Incoming(data=data.encode(), source="smtp", envelope_to=("orgo@city.example",))])
clock.use(clock.FastClock(1.0, datetime.now(UTC) + timedelta(minutes=3 * Letter.objects.count())))
pool = ParserPool()
try:
    route(pool)
finally:
    pool.close()
"""
LETTER = """
from orgo.conf.config import Heartbeat
from orgo.ops.heartbeat import poster
poster(Heartbeat(mail="watch@city.example"))()
"""
POST = """
from orgo.conf.config import Heartbeat
from orgo.ops.heartbeat import poster
poster(Heartbeat(url="{url}", internal=True))()
"""
OF_FILES = {
    "H1f.before_store": FOLDER, "H1f.before_move": FOLDER, "H1f.after_move": FOLDER,
    "H1f.before_progress": IMPORT, "H1f.after_progress": IMPORT, "H1f.before_finish": IMPORT,
    "H1h.before_store": HTTP, "H1h.before_answer": HTTP,
}  # fmt: skip
OF_SEALS = ["H12.after_entries", "H12.before_commit", "H12.after_commit", "H12.before_head"]
OF_CANARIES = ["canary.before_letter", "canary.before_commit", "canary.after_commit", "canary.arrived"]
OF_HEARTBEATS = ["heartbeat.before_letter", "heartbeat.before_post", "heartbeat.after_post"]
# Each is done in a process that hardly rings; Orgo only runs afterwards.
USUAL = [pair for pair in PAIRS if WHOLE or pair[1] == "none"]
POINTS = [*OF_FILES, *OF_SEALS, *OF_CANARIES, *OF_HEARTBEATS]
NAMES = ("point", "nth", "database", "broker")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(list(OF_FILES), USUAL))
def test_every_file_is_there_once(house: House, point: str, nth: int, database: str, broker: str) -> None:
    """bad input 86: killed at each point of an import and of a watched folder, and run again."""
    folder = house.home / "in"
    folder.mkdir()
    if OF_FILES[point] is IMPORT:  # an archive, whose reading goes on where it was
        mbox = (
            b"From a@b.example Mon Sep  7 10:00:00 2026\n" + mail(number) + b"\n\n" for number in range(MAILS)
        )
        (folder / "all.mbox").write_bytes(b"".join(mbox))
    else:
        for number in range(MAILS):
            (folder / f"{number}.eml").write_bytes(mail(number))
    times = 1 if point == "H1f.before_finish" else nth
    house.run(OF_FILES[point], f"{point}:{times}")
    house.run(OF_FILES[point])

    house.start(hours=1)
    assert house.until(lambda: house.idle() and len(house.rows("select id from task_task")) >= MAILS)
    house.stop()

    assert invariants(house, MAILS) == []
    if point.startswith("H1f") and OF_FILES[point] is FOLDER:
        assert len(list((folder / "done").iterdir())) == MAILS


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(OF_SEALS, USUAL))
def test_a_killed_sealer_leaves_no_gap(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    house.run(SEAL, f"{point}:{nth}")
    house.run(SEAL)

    assert leftovers(house) == []
    ((entries, last, distinct),) = house.rows(
        "select count(*), max(number), count(distinct event) from audit_entry"
    )
    ((events,),) = house.rows("select count(*) from audit_event")
    assert entries == last == distinct == events


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(OF_CANARIES, USUAL))
def test_one_canary_flies_and_comes_home_once(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    house.run(CANARY, point)
    house.run(CANARY.replace("minutes=3 *", "minutes=9 *"))

    events = dict(house.rows("select type, count(*) from audit_event where type like 'canary%' group by 1"))
    assert events == {"canary.sent": 1, "canary.arrived": 1}
    assert house.rows("select count(*) from outbox_letter where kind = 'canary'") == [(1,)]
    assert leftovers(house) == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize(NAMES, cells(OF_HEARTBEATS, USUAL))
def test_a_heartbeat_is_written_whole_or_not_at_all(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    hook = Hook()
    code = LETTER if point.endswith("letter") else POST.replace("{url}", hook.url())
    try:
        house.run(code, point)
        house.run(code)
    finally:
        hook.stop()

    told = house.rows("select count(*) from audit_event where type = 'heartbeat.sent'")
    written = house.rows("select count(*) from outbox_letter where recipient = 'watch@city.example'")
    assert told == written == [(1 if code is LETTER else 0,)]
    assert len(hook.calls) == {"heartbeat.before_post": 1, "heartbeat.after_post": 2}.get(point, 0)
    assert leftovers(house) == []
