"""The rules that come with Orgo are right as they are, and their own tests come out."""

from pathlib import Path

import pytest

from orgo import rules
from orgo.conf import load
from orgo.demo.samples import CITY
from orgo.rules.check import Known, check

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.mark.parametrize("home", [CONFIG, CITY], ids=["config", "city"])
def test_a_shipped_rules_file_has_no_errors(home: Path) -> None:
    """Teams, files, levels and embedded tests; only the blueprint's own rule warns of whom it tells."""
    config = load(home, {})
    assert config.rules is not None
    known = Known(
        teams=frozenset(word for team in config.roster.teams for word in (team.address, team.name)),
        people=frozenset(user.address for user in config.roster.users),
        calendars=frozenset(config.calendars),
        files=config.files,
    )
    found = check(rules.load(config.rules.read_bytes(), "rules.yaml", directory=config.files), known)

    assert [str(problem) for problem in found if problem.severity == "error"] == []
    unsaid = [problem for problem in found if "does not say whom to tell" in problem.message]
    assert len(unsaid) == (home == CONFIG) and found == unsaid


def test_the_blueprints_rule_is_the_first() -> None:
    """As a reader of the blueprint looks for it."""
    first = rules.load((CONFIG / "rules.yaml").read_bytes(), "rules.yaml", directory=CONFIG).rules[0]

    assert first.action.route_to == "maintenance@organization.com"
    assert (
        "condition: \"subject contains 'urgent'\""
        in (CONFIG / "rules.yaml").read_text("utf-8").split("- name:")[1]
    )
