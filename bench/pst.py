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

TIMES = 12
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


def run() -> list[tuple[str, float, float, float]]:
    """Rows of (part, ours in µs a mail, floor in µs a mail, ratio)."""
    whole = archive()
    if whole is None:
        print("no npm, so there is no archive to read", file=sys.stderr)
        return []
    home = Path(tempfile.mkdtemp(prefix="orgo-bench-home-"))
    copies = [Path(shutil.copy(whole, home / f"archive-{number}.pst")) for number in range(TIMES)]
    floor = float(
        subprocess.run(
            [sys.executable, "-c", _WALK, *map(str, copies)], capture_output=True, text=True, check=True
        ).stdout
    )
    ours, memory = _imported(copies, home)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak of the importing process {memory:.0f} MB, of its reader {children:.0f} MB", file=sys.stderr)
    return [("import of a .pst, beside bare libpff", ours, floor, ours / floor)]


def _imported(copies: list[Path], home: Path) -> tuple[float, float]:
    os.chdir(home)
    from orgo.conf import boot, load

    boot.start(load(home, {}))
    from orgo.ops.up import prepare_database

    prepare_database()
    from orgo.intake import importing

    # The same mails again would only be looked up: each one's key is its own, so that all of them are stored.
    real, numbers = importing.receipt_key, count()
    importing.receipt_key = lambda data: f"{next(numbers)}-{real(data)}"
    began = time.perf_counter()
    taken = importing.run(copies, importing.Plan("history"), lambda _: None).taken
    seconds = time.perf_counter() - began
    importing.receipt_key = real
    return seconds / taken * 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
