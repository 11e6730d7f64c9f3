"""Importing Outlook's archives in one go, beside bare libpff that walks through the same items, bodies and attachments."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from bench import Row

TIMES = 12
MAY_HOLD = 300  # MB
_ROOT = Path(__file__).resolve().parents[1]
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_WALK = """
import sys, time, pypff
def walk(folder):
    for n in range(folder.number_of_sub_messages): yield folder.get_sub_message(n)
    for n in range(folder.number_of_sub_folders): yield from walk(folder.get_sub_folder(n))
began = time.perf_counter(); count = 0
for name in sys.argv[1:]:
    file = pypff.file(); file.open(name)
    for mail in walk(file.get_root_folder()):
        count += 1
        mail.subject, mail.transport_headers, mail.plain_text_body, mail.html_body
        for record in range(mail.number_of_record_sets):
            entries = mail.get_record_set(record)
            for entry in range(entries.number_of_entries): entries.get_entry(entry).data
        for n in range(mail.number_of_attachments):
            attached = mail.get_attachment(n); attached.read_buffer(attached.size)
print((time.perf_counter() - began) / count * 1e6)
"""


def archive() -> Path | None:
    """A real archive, which the npm package pst-extractor brings; None where npm is not there."""
    if shutil.which("npm") is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="orgo-bench-pst-"))
    subprocess.run(
        ["npm", "pack", "--silent", "pst-extractor@1.12.0"], cwd=folder, check=True, capture_output=True
    )
    shutil.unpack_archive(next(folder.glob("*.tgz")), folder)
    return folder / "package" / "example" / "testdata" / "enron.pst"


def run() -> list[Row]:
    """What a mail costs, in µs, at no less than half the rate of the floor; and what memory the import takes."""
    whole = archive()
    if whole is None:
        print("no npm, so there is no archive to read", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory(prefix="orgo-bench-home-") as home:
        copies = [shutil.copy(whole, f"{home}/archive-{number}.pst") for number in range(TIMES)]
        ours, own, reader = _answer(["-m", "bench.pst", home, *copies])
        (floor,) = _answer(["-c", _WALK, *copies])
    return [
        Row("import of a .pst; floor: bare libpff", ours, floor, most_ratio=2.0),
        Row("import of a .pst: memory of both processes, in MB", own + reader, most=MAY_HOLD),
    ]


def _answer(arguments: list[str]) -> list[float]:
    """The figures that a Python of its own prints; another's memory is not counted so."""
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    said = subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    ).stdout
    return [float(word) for word in said.split()]


def imported(home: Path, copies: list[Path]) -> tuple[float, float, float]:
    """Import the archives; returns µs a mail, and the peak in MB of this process and of its reader."""
    os.chdir(home)
    from orgo.conf import boot, load

    boot.start(load(home, {}))
    from orgo.ops.up import prepare_database

    prepare_database()
    from orgo.intake import importing

    # The same mails again would only be looked up: each one's key is its own, so that all of them are stored.
    real, numbers = importing.keys_of, count()
    importing.keys_of = lambda item: tuple(f"{next(numbers)}-{key}" for key in real(item))
    began = time.perf_counter()
    taken = importing.run(copies, importing.Plan("history"), lambda _: None).taken
    seconds = time.perf_counter() - began
    own, reader = (resource.getrusage(who).ru_maxrss / 1024 for who in _PROCESSES)
    return seconds / taken * 1e6, own, reader


if __name__ == "__main__":
    print(*imported(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
