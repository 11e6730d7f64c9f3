"""The time of a home whose clock runs faster than life (the demo's), kept in a file that each command there goes by."""

import json
from datetime import datetime
from pathlib import Path

from orgo.lib.clock import FastClock, SystemClock

# Written every second; of an older one the writer has ended, and its time stands where it was.
_FRESH = 10.0
_NAME = "clock.json"


def keep(folder: Path, running: FastClock) -> None:
    """Write what time it is by the running clock, and how fast it runs."""
    text = json.dumps(
        {"now": running.now().isoformat(), "life": SystemClock().now().isoformat(), "rate": running.rate}
    )
    new = folder / f"{_NAME}.new"
    new.write_text(text)
    new.replace(folder / _NAME)


def kept(folder: Path) -> FastClock | None:
    """The clock that is kept there, at the time that it shows now; None where there is none that can be read."""
    try:
        found = json.loads((folder / _NAME).read_text())
        now, life = datetime.fromisoformat(found["now"]), datetime.fromisoformat(found["life"])
        rate = float(found["rate"])
        since = SystemClock().now() - life
        return FastClock(rate, now + since * rate if abs(since.total_seconds()) < _FRESH else now)
    except (OSError, ValueError, KeyError, TypeError):
        return None
