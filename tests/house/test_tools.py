"""The house's own tools: what the size check counts, what a missing server does, where packages come from."""

import ast
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest

import orgo
from tests import conftest
from tests.house.checkout import ROOT, clean_environment

sys.path.insert(0, str(ROOT / "tools"))
import check_sizes
import check_tree
import corpus
import environment


def depth(source: str) -> int:
    body = ast.parse(f"def f():\n{source}").body[0]
    assert isinstance(body, ast.FunctionDef)
    return max(map(check_sizes._depth, body.body))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("    return 1", 0),
        ("    if a: return 1", 1),
        ("    if a: b\n    elif c: d\n    elif e: f\n    else: g", 1),
        ("    for a in b:\n        if a:\n            with c: d", 3),
        ("    for a in b:\n        def g():\n            if a: b", 1),
        ("    if a: b\n    else:\n        if c: d\n        e", 2),
    ],
)
def test_nesting_counts_the_blocks_a_reader_keeps_in_mind(source: str, expected: int) -> None:
    assert depth(source) == expected


def test_a_percentile_is_the_smallest_size_that_so_many_do_not_pass() -> None:
    ordered = list(range(1, 11))
    assert [check_sizes.percentile(ordered, percent) for percent in (50, 90, 100)] == [5, 9, 10]


@pytest.mark.parametrize(("in_ci", "outcome"), [(False, "skipped"), (True, "failed")])
def test_a_missing_server_skips_a_test_and_fails_it_in_ci(monkeypatch, in_ci: bool, outcome: str) -> None:
    monkeypatch.setattr(conftest, "IN_CI", in_ci)
    monkeypatch.setitem(conftest.SERVERS, "dovecot", lambda: None)
    item = SimpleNamespace(iter_markers=lambda name: [pytest.mark.needs("dovecot").mark])
    raised = {"skipped": pytest.skip.Exception, "failed": pytest.fail.Exception}[outcome]
    with pytest.raises(raised, match="needs dovecot, which is not on this machine"):
        conftest.pytest_runtest_setup(item)  # type: ignore[arg-type]


def test_a_python_without_pip_and_ensurepip_names_the_package_to_install(monkeypatch, capsys) -> None:
    monkeypatch.setattr(environment, "find_pip", lambda: None)
    monkeypatch.setattr(environment, "find_uv", lambda pip: None)
    assert environment.install("run") is False
    assert "apt-get install python3-venv" in capsys.readouterr().err


def test_a_release_is_made_without_a_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the lock has no hash of (a build's backend) is neither fetched nor run; Orgo and its samples are copied."""
    asked: list[tuple[str, ...]] = []
    folder = tmp_path / "of R & D's"
    monkeypatch.setattr(environment, "HOME", environment.HOME)
    monkeypatch.setattr(environment, "PYTHON", environment.PYTHON)

    def ask(*words: str) -> bool:
        asked.append(words)
        return True

    monkeypatch.setattr(environment, "install", ask)
    monkeypatch.setattr(environment, "run", lambda words: ask(*words))
    assert environment.release(folder) == 0
    install, compiled = asked
    assert install == ("run", "--only-binary=:all:") and "compileall" in compiled

    site = environment.site_packages()
    (site / "of-this-python.pth").write_text(sysconfig.get_path("purelib"))
    started = subprocess.run([folder / "bin/orgo", "--version"], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)  # fmt: skip
    assert (started.stdout, started.stderr) == (f"orgo {orgo.__version__}\n", "")
    assert (site / "orgo/samples/organizations/school/config.yaml").is_file()


def test_pips_index_is_told_to_uv_and_what_uv_was_told_wins(monkeypatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.organization.com/pypi")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    pip = [sys.executable, "-c", "raise SystemExit(1)"]
    assert environment.uv_settings(pip)["UV_DEFAULT_INDEX"] == "https://mirror.organization.com/pypi"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://other.organization.com/pypi")
    assert "UV_DEFAULT_INDEX" not in environment.uv_settings(pip)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /" + "work/main/src", True),
        ("pip install " + "orgo", True),
        ("pip install orgo-mail", False),
        ("src/orgo/" + "work/main.py", False),
        ("ORGO_HOME=/srv/orgo", False),
    ],
)
def test_the_tree_holds_no_path_of_one_machine_and_no_foreign_package(
    tmp_path: Path, line: str, found: bool
) -> None:
    page = tmp_path / "page.md"
    page.write_text(line)
    assert any(check_tree.look(page, tmp_path)) is found


def test_the_corpus_table_is_read_by_source_and_what() -> None:
    text = (
        "sisimai                  no exception 149/149  status class (4/5) 47/73\ntalon replies   exact 4/5\n"
    )
    assert corpus.counts(text) == {
        ("sisimai", "no exception"): (149, 149),
        ("sisimai", "status class (4/5)"): (47, 73),
        ("talon replies", "exact"): (4, 5),
    }


def test_the_corpus_figures_must_reach_pythons_and_the_promised_ones_save_where_it_is_said_why() -> None:
    python = {
        ("sisimai", "seen as bounce"): (58, 116),
        ("x", "subject"): (3, 3),
        ("talon replies", "exact"): (5, 5),
    }
    wanted = corpus.floors(python)
    assert (
        wanted["sisimai", "seen as bounce"],
        wanted["x", "subject"],
        wanted["talon replies", "exact"],
    ) == (110, 3, 4)
    enough = {place: (floor, 200) for place, floor in wanted.items()}
    assert corpus.below(enough, wanted) == []
    assert corpus.below(enough | {("x", "subject"): (2, 3), ("x", "no exception"): (2, 3)}, wanted) == [
        "x, subject: 2 of 3, wanted 3",
        "x: 1 mails raise",
    ]
    assert corpus.below({}, {("x", "subject"): 3}) == ["x, subject: 0 of 0, wanted 3"]


def test_each_exempt_line_of_the_corpus_names_its_record() -> None:
    for reason in corpus.EXEMPT.values():
        assert (ROOT / reason.rpartition("(")[2].rstrip(")")).is_file()
