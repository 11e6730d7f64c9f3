"""The mail reader against other systems' expectations: `make corpus` prints each count beside what it must reach.

The corpus stands beside the checkout (../shared/corpus) or where ORGO_CORPUS says; it is no part of this repository.
Its script counts; its BASELINE.txt has the same lines for Python's own parser. Ours must reach those on every line but the
EXEMPT ones, and the FLOORS.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("ORGO_CORPUS") or ROOT.parent / "shared" / "corpus")
Place = tuple[str, str]
Counts = dict[Place, tuple[int, int]]
FLOORS: dict[Place, int] = {
    ("email_reply_trimmer", "exact"): 23,
    ("email_reply_trimmer", "reply kept"): 29,
    ("email_reply_trimmer", "no quote left"): 26,
    ("flufl-bounce", "seen as bounce"): 51,
    ("flufl-bounce", "failed addresses"): 46,
    ("sisimai", "seen as bounce"): 110,
    ("sisimai", "status class (4/5)"): 65,
    ("talon replies", "exact"): 4,
}
EXEMPT: dict[Place, str] = {
    (
        "talon replies",
        "exact",
    ): "one of its replies keeps the signature below \"-- \", email_reply_trimmer's and Orgo's lose it"
    " (docs/adr/0011-signatures.md)",
}
_COUNT = re.compile(r"(\S.*?) (\d+)/(\d+)(?=  |$)")


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 where ours is below Python's own parser, 2 where there is no corpus."""
    script = CORPUS / "expectations.py"
    if not script.is_file():
        print(f"no corpus at {CORPUS}: put one there, or name its folder in ORGO_CORPUS", file=sys.stderr)
        return 2
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, str(script), str(CORPUS), "--impl", "tests.corpus.impl", *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )
    if answer.returncode:
        return answer.returncode
    ours, python = counts(answer.stdout), counts((CORPUS / "BASELINE.txt").read_text("utf-8"))
    wanted = floors(python)
    short = below(ours, wanted)
    for place, (met, of) in ours.items():
        print(f"{place[0]:36}  {place[1]:26} {met:5} of {of:<5} {_beside(place, python, wanted)}")
    print(
        f"\n{_sum(ours)} of {sum(of for _, of in ours.values())} expectations are met; Python's own parser meets {_sum(python)}"
    )
    for (source, what), reason in EXEMPT.items():
        print(f"{source}, {what}: may be below Python's own parser: {reason}")
    for line in short:
        print(f"BELOW: {line}")
    return 1 if short else 0


def counts(text: str) -> Counts:
    """The script's lines ("source  what 3/3  what 5/9") as (met, of) by source and what."""
    found: Counts = {}
    for line in text.splitlines():
        source, _, rest = line.partition("  ")
        for what, met, of in _COUNT.findall(rest.strip()):
            found[source.strip(), what.strip()] = int(met), int(of)
    return found


def floors(python: Counts) -> dict[Place, int]:
    """What must be met, by source and what: Python's own counts save the exempt ones, and the floors; the higher of the two."""
    lines = {place: met for place, (met, _) in python.items() if place not in EXEMPT}
    return lines | {place: max(floor, lines.get(place, 0)) for place, floor in FLOORS.items()}


def below(ours: Counts, wanted: dict[Place, int]) -> list[str]:
    """The lines where ours are too few, in words; a line that is missing is one, and so is any mail that raises."""
    short = []
    for place, floor in wanted.items():
        met, of = ours.get(place, (0, 0))
        if met < floor:
            short.append(f"{place[0]}, {place[1]}: {met} of {of}, wanted {floor}")
    raised = [(source, of - met) for (source, what), (met, of) in ours.items() if what == "no exception"]
    return short + [f"{source}: {number} mails raise" for source, number in raised if number]


def _beside(place: Place, python: Counts, wanted: dict[Place, int]) -> str:
    words = [f"Python's: {python[place][0]}"] if place in python else []
    words += [f"wanted: {wanted[place]}"] if place in FLOORS else []
    return f"({', '.join(words)})" if words else ""


def _sum(lines: Counts) -> int:
    return sum(met for met, _ in lines.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
