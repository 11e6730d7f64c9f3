"""The sample organizations are right and do what their scenarios say; `orgo init` brings one, or the laptop kit, to a home."""

import json
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from orgo.conf import check as check_config
from orgo.conf import load
from orgo.ops import samples
from orgo.ops.checking import check_rules, rules_of
from orgo.ops.samples import PLAIN, command, names, need_sample, samples_folder
from tests.house.checkout import ROOT, python

KINDS = ["association", "city-hall", "company", "hospital", "school"]
ORGO = ROOT / "orgo"


def files(home: Path) -> dict[str, bytes]:
    return {
        path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }


def test_there_is_a_sample_for_each_kind_of_organization() -> None:
    assert names() == KINDS
    assert samples_folder() == ROOT / "config"


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home whose `config/` is a sample."""
    (tmp_path / "config").symlink_to(need_sample(request.param), target_is_directory=True)
    return tmp_path


def test_a_sample_has_nothing_to_complain_of_but_the_missing_mail_server(home: Path) -> None:
    config = load(home, {})

    assert [problem.key for problem in check_config(config)] == ["smtp"]
    assert check_rules(config) == []


def test_a_sample_has_enough_rules_some_with_tests_and_keeps_confidential_mail_private(home: Path) -> None:
    rules = rules_of(load(home, {})).rules
    private = [rule for rule in rules if rule.action.visibility == "private"]

    assert 10 <= len(rules) <= 20
    assert sum(bool(rule.examples) for rule in rules) >= 5
    assert any(rule.action.anonymize for rule in private)
    assert sum(len(rule.action.levels) > 1 for rule in rules) >= 3


def test_a_private_team_has_two_members_and_every_address_is_an_example(home: Path) -> None:
    config = load(home, {})
    known = {user.address for user in config.roster.users}

    for team in config.roster.teams:
        assert set(team.members) | {team.supervisor} <= known, team.name
        assert len(team.members) > 1 or team.visibility != "private", team.name
    assert all(address.endswith(".example") for address in known)
    assert config.triage_team is not None


def test_every_scenario_of_the_samples_holds(tmp_path: Path) -> None:
    scenarios = sorted(str(path) for path in (ROOT / "config" / "organizations").glob("*/scenarios/*.yaml"))
    done = python(ORGO, "simulate", "--json", *scenarios, home=tmp_path)
    told = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0, done.stdout + done.stderr
    assert [(one["file"], one["failed"]) for one in told] == [(file, []) for file in scenarios]
    for kind in KINDS:
        assert sum(f"/{kind}/" in file for file in scenarios) >= 3


def test_init_brings_a_sample_into_a_new_folder_and_says_what_to_do_next(tmp_path: Path) -> None:
    done = python(ORGO, "init", "--sample", "hospital", "a home", home=tmp_path)
    home = tmp_path / "a home"

    assert done.returncode == 0, done.stderr
    assert "Administrator: admin@st-anne.example" in done.stdout
    assert "/sign-in/" in done.stdout
    assert f"  cd '{home}'\n" in done.stdout and f"  {shlex.quote(str(ORGO))} up" in done.stdout
    written, sample = files(home / "config"), files(need_sample("hospital"))
    assert {name: written[name] for name in sample if name != "config.yaml"} == {
        name: data for name, data in sample.items() if name != "config.yaml"
    }
    assert {"samples/water-leak.eml", "scenarios/README.md"} <= written.keys()
    assert not any(name.startswith("organizations/") for name in written)
    with sqlite3.connect(home / "var" / "orgo.db") as database:
        (teams,) = database.execute("SELECT count(*) FROM people_team").fetchone()
    assert teams == len(load(home, {}).roster.teams)


def test_the_plain_set_up_brings_no_sample_organization(tmp_path: Path) -> None:
    done = python(ORGO, "init", "--yes", home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "config" / "organizations").exists()
    assert f"Start all of Orgo: python main.py (or: {shlex.quote(str(ORGO))} up)" in done.stdout


@pytest.mark.parametrize(
    ("home", "there", "typed"),
    [(ROOT, None, "./orgo"), (ROOT / "st-anne", None, "../orgo"), (ROOT / "x", "/usr/bin/orgo", "orgo")],
)
def test_the_command_is_named_as_it_can_be_typed_there(
    home: Path, there: str | None, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: there)
    assert command(home) == typed


@pytest.mark.parametrize("place", ["config.yaml", "config/rules.yaml", "config/people.yaml"])
def test_a_sample_overwrites_nothing(tmp_path: Path, place: str) -> None:
    own = tmp_path / place
    own.parent.mkdir(exist_ok=True)
    own.write_text("# mine\n")
    before = files(tmp_path)
    done = python(ORGO, "init", "--sample", "school", home=tmp_path)

    assert done.returncode == 2
    assert f"there is a {own.name} already" in done.stderr and str(own) in done.stderr
    assert "orgo init --sample school FOLDER" in done.stderr
    assert files(tmp_path) == before


def test_an_unknown_sample_is_refused_with_the_list_and_makes_no_folder(tmp_path: Path) -> None:
    done = python(ORGO, "init", "--sample", "hospitl", "new", home=tmp_path)

    assert done.returncode == 2
    assert "did you mean hospital?" in done.stderr and ", ".join(KINDS) in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_laptop_kit_watches_a_folder_and_looks_for_no_broker(tmp_path: Path) -> None:
    first = python(ORGO, "init", "--offline", "laptop", home=tmp_path)
    again = python(ORGO, "init", "--offline", "laptop", home=tmp_path)
    config = load(tmp_path / "laptop", {})

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert (config.queue, config.smtp, config.accounts) == (None, None, ())
    assert config.sqlite_file == tmp_path / "laptop" / "var" / "orgo.db"
    assert config.intake.folder.path == tmp_path / "laptop" / "var" / "drop"
    assert config.intake.folder.path.is_dir()
    assert "orgo import PATH --as work" in first.stdout
    assert "written" not in again.stdout


def test_the_laptop_kit_takes_nothing_away_that_is_configured(tmp_path: Path) -> None:
    text = "queue: redis://127.0.0.1:6379/0\nsmtp: {host: smtp.a.example, from: orgo@a.example}\n"
    (tmp_path / "config.yaml").write_text(text)
    done = python(ORGO, "init", "--offline", home=tmp_path)

    assert done.returncode == 2
    assert "queue: this needs a network" in done.stderr and "smtp: this needs a network" in done.stderr
    assert files(tmp_path) == {"config.yaml": text.encode()}


def test_a_sample_may_be_a_laptop_kit(tmp_path: Path) -> None:
    done = python(ORGO, "init", "--sample", "association", "--offline", home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert load(tmp_path, {}).intake.folder.path == tmp_path / "var" / "drop"
    assert load(tmp_path, {}).triage_team is not None


@pytest.mark.parametrize("name", ["config.yaml", "people.yaml", "rules.yaml"])
def test_the_plain_sample_is_kept_apart_as_the_checkout_ships_it(name: str) -> None:
    """In a checkout `config/` becomes somebody's own: a new home is not to get their people, mailboxes and secrets."""
    assert (PLAIN / name).read_bytes() == (ROOT / "config" / name).read_bytes()


def test_a_new_home_gets_the_plain_sample_and_nobodys_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = tmp_path / "checkout" / "config"
    shutil.copytree(ROOT / "config", edited)
    for name in ("config.yaml", "people.yaml", "rules.yaml"):
        (edited / name).write_text("mine: true\n")
    monkeypatch.setattr(samples, "samples_folder", lambda: edited)

    samples.copy_plain(tmp_path / "laptop")

    assert "mine" not in "".join(file.read_text() for file in (tmp_path / "laptop/config").glob("*.yaml"))
    assert (tmp_path / "laptop/config/samples/water-leak.eml").is_file()
