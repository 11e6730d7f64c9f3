"""From stored bytes to committed task, event, letters and search on SQLite, with 1,000 rules, beside what its parts cost alone.

The floor is the parser, the matcher and the same rows (mail, task, event, letters, search) by bare `executemany`, one
after the other in one process. Orgo updates the mail's row where the floor inserts it.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

MAILS = 1000
BATCH = 200
RULES = 1000


def run() -> list[Row]:
    """What a mail costs, in µs: 60 % of the floor's rate. In a process of its own: Django starts once a process."""
    code = "from bench.way import measure; print(*measure())"
    path = os.pathsep.join(
        [str(Path(__file__).resolve().parents[1] / "src"), str(Path(__file__).resolve().parents[1])]
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    ).stdout.split()
    ours, floor = float(said[0]), float(said[1])
    return [Row(f"SQLite: stored bytes to task, {RULES:,} rules", ours, floor, most_ratio=1.67)]


def measure() -> tuple[float, float]:
    """The two figures, in µs a mail."""
    from bench import store
    from bench._mails import mails

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        home = Path(folder)
        (home / "config").mkdir()
        (home / "config" / "rules.yaml").write_text(rules_text())
        store.furnish(home)
        raws = mails(MAILS, RULES)
        ours = _way(raws)
        return ours, _alone(raws) + store.copied(
            home, ["intake_mail", "task_task", "audit_event", "outbox_letter", "search_entry"], MAILS
        )


def rules_text(rules: int = RULES) -> str:
    """So many rules, each with a word of its own."""
    lines = [
        f"  - {{condition: \"subject contains 'word{n}'\", action: {{route_to: works@city.example}}}}"
        for n in range(rules)
    ]
    return "default: {route_to: works@city.example}\nrules:\n" + "\n".join(lines) + "\n"


def _way(raws: list[bytes]) -> float:
    from orgo.flow.house import open_house
    from orgo.intake.store import Incoming
    from orgo.lib import memory
    from orgo.message.pool import ParserPool
    from orgo.pipeline import Router, take

    take(
        [
            Incoming(data=raw, source="smtp", envelope_from="c@x.example", envelope_to=("info@city.example",))
            for raw in raws
        ]
    )
    parser = ParserPool()
    parser.parse(raws[:1])
    assert open_house().rules
    router = Router(parser)
    memory.settle()
    began = time.perf_counter()
    while router.round(BATCH):
        pass
    took = time.perf_counter() - began
    parser.close()
    return took / MAILS * 1e6


def _alone(raws: list[bytes]) -> float:
    """Parser and matcher, called one after the other on every mail."""
    from orgo.flow.house import open_house
    from orgo.message import parse
    from orgo.rules import facts_of

    rules = open_house().rules
    began = time.perf_counter()
    for raw in raws:
        rules.decide(facts_of(parse(raw)))
    return (time.perf_counter() - began) / MAILS * 1e6
