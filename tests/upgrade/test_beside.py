"""A release works beside the former one: both at work on one database that the former filled and the later one migrated."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.crash.house import ROOT, House, invariants
from tests.servers.ports import free_port
from tests.servers.postgresql import Postgresql

# Eight migrations before this one: without turns, tallies, the trail's key in the database.
FORMER = "5202acdc8672a06fa12a711b44d7305488e22dcd"
FEW, MORE, ALL = 4, 8, 16
MIGRATE = "from orgo.ops.schema import migrate; print(*migrate(c))"
REBUILD = "from orgo.flow.rebuild import check_all; print(*check_all())"


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The former release's code."""
    folder = tmp_path_factory.mktemp("former")
    packed = folder / "former.zip"
    command = ["git", "archive", "-o", str(packed), FORMER, "src", "tests", "config"]
    if subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
        absent(
            f"the history here does not reach back to {FORMER[:7]}, whose code is to work beside this one's"
            " (git fetch --unshallow)"
        )
    shutil.unpack_archive(packed, folder)
    return folder


@pytest.fixture
def before(request: pytest.FixtureRequest, tmp_path: Path, former: Path) -> Iterator[House]:
    """A house that the former release has set up."""
    if request.param == "sqlite":
        made = House(tmp_path / "home", free_port(), checkout=former)
        yield made
        made.close()
        return
    server = Postgresql(fsync="off").start()
    try:
        made = House(tmp_path / "home", free_port(), server.url("office"), checkout=former)
        yield made
        made.close()
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "before", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))], indirect=True
)
def test_the_former_release_works_alone_and_beside_this_one_that_migrates_under_it(before: House) -> None:
    house = before.beside(ROOT, free_port())

    def done(mails: int) -> bool:
        return house.idle() and len(house.rows("select id from task_task")) == mails

    def fired() -> bool:
        events = house.rows("select task from audit_event where type = 'task.escalated'")
        return len(events) == ALL and house.idle()

    try:
        before.start()
        assert all(before.send(number) for number in range(FEW))
        assert before.until(lambda: done(FEW))
        assert "ops.0002_tally" in house.run(MIGRATE)
        assert all(before.send(number) for number in range(FEW, MORE))
        assert before.until(lambda: done(MORE))

        house.start()
        senders = [house, before]
        assert all(senders[number % 2].send(number) for number in range(MORE, ALL))
        assert house.until(lambda: done(ALL))
        assert before.alive()
        house.stop()
        before.stop()

        before.start(hours=3)
        house.start(hours=3)
        assert house.until(fired)
        assert before.alive()
        house.stop()
        before.stop()
    finally:
        house.end()
    assert invariants(house, ALL, escalated=True) == []
    assert house.run(REBUILD).strip() == ""
