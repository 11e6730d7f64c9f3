"""`orgo simulate` plays scenarios in a process of its own, touches nothing of the home, and says by its code how it ended."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from tests.warm import ROOT, warm

PLAY = "import sys; from orgo.cli.errors import guarded; from orgo.cli.simulate import command as c\n"
PLAY += "def run():\n with c.make_context('simulate', sys.argv[1:]) as x: return c.invoke(x)\n"
PLAY += "sys.exit(guarded(run, sys.argv[1:]))"
BAD = "start: 2026-09-04T16:50 Europe/Paris\nstpes: []\n"


def simulate(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    environ = {**os.environ, "ORGO_HOME": str(home), "PYTHONPATH": path}
    return warm().run(["-c", PLAY, *words], environ, home)


def test_shipped_scenarios_hold_and_nothing_is_written_into_the_home(tmp_path: Path) -> None:
    files = sorted(map(str, (ROOT / "config" / "scenarios").glob("*.yaml")))
    done = simulate(tmp_path, *files, "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stdout + done.stderr
    assert [(one["file"], one["ok"], one["failed"]) for one in told] == [(file, True, []) for file in files]
    assert list(tmp_path.iterdir()) == []


def test_an_expectation_that_does_not_hold_is_code_1_and_a_failure_in_the_xml(tmp_path: Path) -> None:
    text = (ROOT / "config" / "scenarios" / "maintenance.yaml").read_text().replace("../", f"{ROOT}/config/")
    (tmp_path / "a.yaml").write_text(text.replace("level: 1,", "level: 2,", 1))
    done = simulate(tmp_path, "a.yaml", "--junit", "out.xml")

    assert done.returncode == 1 and "FAILED  task: level is 1, not 2" in done.stdout
    (failure,) = ElementTree.parse(tmp_path / "out.xml").iter("failure")
    assert failure.get("message") == "task: level is 1, not 2"


def test_a_bad_scenario_is_code_2_and_nothing_is_played(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BAD)
    done = simulate(tmp_path, str(ROOT / "config" / "scenarios" / "maintenance.yaml"), "a.yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert "a.yaml:2:1: stpes: unknown key; did you mean steps?" in done.stderr


def test_bad_rules_are_told_by_the_name_the_scenario_gives_them(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "rules:\n  - name: A\n    condition: \"subjct contains 'x'\"\n    action: {}\n"
    )
    step = '{at: "+0", mail: {from: a@b.example, to: c@d.example}}'
    (tmp_path / "a.yaml").write_text(
        f"start: 2026-09-04T16:50 UTC\nconfig: {{rules: r.yaml}}\nsteps: [{step}]\n"
    )
    done = simulate(tmp_path, "a.yaml")

    assert done.returncode == 2 and "orgo: r.yaml:3:" in done.stderr and "Traceback" not in done.stderr
