"""Open tasks in any number, made by the one door without a mail for each; the first level of each is to come."""

import msgspec


def open_tasks(count: int, title: str = "Water leak") -> list[int]:
    """The ids of that many new tasks of the works' team, whose level speaks to the chief after two hours."""
    from orgo.escalation.policy import Level, Policy
    from orgo.flow.house import open_house
    from orgo.flow.unit import Unit
    from orgo.lib import clock, ids
    from orgo.lib.durations import parse_duration
    from orgo.task.actions import handle
    from orgo.task.commands import Open
    from orgo.task.values import Actor

    house, made = open_house(), [ids.new_id() for _ in range(count)]
    levels = (Level(after=parse_duration("2 hours"), to="chief@city.example"),)
    policy = msgspec.to_builtins(Policy(levels=levels))
    with Unit(house) as unit:
        for task in made:
            facts = {
                "title": title,
                "team": "works@city.example",
                "policy": policy,
                "reference": unit.free_reference(),
            }
            handle([Open(task=task, actor=Actor("system"), at=clock.now(), facts=facts)], unit)
    return made
