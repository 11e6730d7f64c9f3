"""kill -9 again and again while mail pours in: nothing is lost, nothing happens twice."""

import os
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.house import House, invariants

KILLS = int(os.environ.get("ORGO_KILLS", "8"))
MAILS_A_KILL = 4


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = House(tmp_path / "home", port)
    yield made
    made.close()


class Sender(threading.Thread):
    """Sends mails one after the other, each until it is taken, as a mail server does."""

    def __init__(self, house: House, count: int) -> None:
        super().__init__(daemon=True)
        self.house, self.count, self.sent = house, count, 0

    def run(self) -> None:
        while self.sent < self.count:
            if self.house.send(self.sent):
                self.sent += 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_while_mail_pours_in_nothing_is_lost_and_nothing_doubled(house: House) -> None:
    sender = Sender(house, KILLS * MAILS_A_KILL)
    spread = random.Random(7)
    house.start()
    sender.start()
    for number in range(KILLS):
        threading.Event().wait(0.2 + spread.random())
        house.kill()
        # Each start is six minutes later: what the dead one had leased is free again.
        house.start(hours=(number + 1) * 0.1)
    sender.join(timeout=300)
    house.stop()
    house.start(hours=KILLS * 0.1 + 1)

    assert house.until(house.idle, seconds=120)
    assert sender.sent == KILLS * MAILS_A_KILL
    problems = [line for line in invariants(house, sender.sent) if not line.startswith("letters ")]
    assert problems == []
    states = dict(house.rows("select state, count(*) from outbox_letter group by 1"))
    assert set(states) == {"sent"}, states
