"""`orgo rules check|explain`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orgo.cli.errors import Code
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, line, problems
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted

if TYPE_CHECKING:
    from orgo.conf import Config


@click.group(cls=Group, epilog="Example: orgo rules check")
def rules() -> None:
    """The rules: are they right, and why do they decide as they do."""


@rules.command(epilog="Example: orgo rules check config/rules.yaml")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@as_json_option
def check(file: Path | None, strict: bool, as_json: bool) -> int:
    """Read a rules file, run its tests, say all that is wrong with it; the one in force where none is given."""
    from orgo.conf import load
    from orgo.ops.checking import check_rules, rules_of

    config = load()
    _need_file(config, file)
    found = check_rules(config, file, strict)
    problems(found, as_json)
    errors = sum(problem.severity == "error" for problem in found)
    if not as_json:
        rule_set = rules_of(config, file)
        numbers = {"rule": len(rule_set.rules), "error": errors, "warning": len(found) - errors}
        click.echo(f"{rule_set.file}: {', '.join(counted(count, what) for what, count in numbers.items())}")
    return Code.WRONG_INPUT if errors else Code.DONE


def _need_file(config: "Config", file: Path | None) -> None:
    """A check of no file would find nothing wrong. Raises BadInput."""
    from orgo.ops.missing_rules import NONE

    if file is None and config.rules is None:
        raise BadInput(Problem(NONE, hint="write one; an empty one says: rules: []"))
    if file is not None and file.is_dir():
        raise BadInput(Problem("is a folder", file=str(file), hint="name the file in it"))
    if file is not None and not file.is_file():
        raise BadInput(Problem("no such file", file=str(file)))


@rules.command(epilog="Example: orgo rules explain config/samples/water-leak.eml")
@click.argument("mail", type=click.Path(path_type=Path))
@click.option(
    "--rules", "file", type=click.Path(path_type=Path), help="These rules instead of those in force."
)
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@as_json_option
def explain(mail: Path, file: Path | None, language: str, as_json: bool) -> None:
    """Why the rules send a mail where they send it; which rules nearly wanted it, and who would hear of it when.

    When is by the calendar and the clocks of the team, if nobody acts on the mail.
    """
    from orgo.cli.judging import decision_json, facts_for, routed_to, who_hears_when
    from orgo.conf import load
    from orgo.message import parse
    from orgo.ops.checking import rules_of
    from orgo.rules import why, why_not
    from orgo.rules.phrases import phrase

    config = load()
    rule_set = rules_of(config, file)
    if not mail.is_file():
        raise BadInput(Problem("no such file", file=str(mail)))
    data = mail.read_bytes()
    facts = facts_for(parse(data), len(data), config)
    decision = rule_set.decide(facts)
    reasons, missed = why(decision, language), why_not(rule_set, facts, language)
    levels = who_hears_when(decision, facts, config)
    if as_json:
        line(
            {
                "file": str(mail),
                "decision": decision_json(decision, config),
                "why": reasons,
                "why_not": missed,
                "escalation": levels,
            }
        )
        return
    click.echo(f"Routed To: {routed_to(decision, config)}")
    said = [
        phrase("level", language, number=str(one["number"]), to=one["to"], at=one["at"].replace("T", " "))
        for one in levels
    ]
    for words in (*reasons, *missed, *said):
        click.echo(words)
