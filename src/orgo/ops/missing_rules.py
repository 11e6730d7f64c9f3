"""Rules that decided mail here and whose file is gone: without it a confidential mail would go to triage, as any other."""

from orgo.conf import Config
from orgo.lib.problems import BadInput, Problem

NONE = "there is no rules.yaml: all mail goes to triage"
GONE = "there is no rules.yaml any more, and mail here was decided by one"
_WAY_OUT = "put it back, or write an empty one where none is wanted: rules: []"


def problem_of_missing(config: Config) -> Problem | None:
    """What to say where no rules file is found but the tasks know of one; None for a house that never had rules.

    Needs Django and the database's tables.
    """
    if config.rules is None and _had_rules(config):
        return Problem(GONE, hint=_WAY_OUT)
    return None


def refuse_missing(config: Config) -> None:
    """Keep Orgo from starting without the rules that it had. Raises BadInput."""
    problem = problem_of_missing(config)
    if problem is not None:
        raise BadInput(problem)


def _had_rules(config: Config) -> bool:
    """Whether a task remembers another revision than that of no file."""
    from orgo.ops.checking import rules_of
    from orgo.task.models import Task

    return Task.objects.exclude(revision__in=["", rules_of(config).hash]).exists()
