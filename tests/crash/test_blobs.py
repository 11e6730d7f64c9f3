"""Killed between a blob and the row that names it: the mail is taken once, its bytes are whole, and what no row names is swept."""

import pytest

from tests.crash.house import House, invariants
from tests.crash.test_crash import MAILS, go_on, until_it_dies

READ = """
import hashlib
from orgo.intake import blobs
from orgo.intake.models import RawMail
from orgo.intake.store import read_raw
place = blobs.here()
place.put("ab" * 32, b"of a process that died")
from orgo.lib import clock
clock.use(clock.VirtualClock(clock.now() + blobs.KEPT_WITHOUT_ROW * 2))
rows = RawMail.objects.exclude(blob="").values_list("mail", flat=True)
print(len(rows), blobs.sweep(place), sum(b"It leaks in room" in read_raw(mail) for mail in rows))
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("point", "nth", "database", "broker"),
    [
        ("H1.blob_put", 3, "sqlite", "none"),
        pytest.param("H1.blob_put", 1, "postgresql", "none", marks=pytest.mark.needs("postgresql")),
    ],
)
def test_killed_between_a_blob_and_its_row(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    house.configure("blobs: {above: 10 B}")
    taken = until_it_dies(house, point, nth, late=False)

    go_on(house, point, taken, late=False)

    assert invariants(house, MAILS) == []
    assert house.run(READ).split() == [str(MAILS), "1", str(MAILS)]
