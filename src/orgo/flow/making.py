"""A task that no mail began: a person opens it."""

from collections.abc import Sequence

import msgspec

from orgo.flow.acting import LONGEST_TEXT
from orgo.flow.house import House, open_house
from orgo.flow.unit import Unit
from orgo.lib import ids
from orgo.lib.text import clean_name, clip
from orgo.people.directory import TeamCard
from orgo.people.models import User
from orgo.task.actions import handle
from orgo.task.commands import Comment, Open
from orgo.task.values import PRIORITIES, Actor

LONGEST_TITLE = 1000


def open_by_hand(
    user: User,
    title: str,
    *,
    team: str = "",
    text: str = "",
    priority: str = "normal",
    labels: Sequence[str] = (),
    requester: str = "",
) -> str:
    """Open a task for `team` (name or address; triage where not given) as `user`; returns its reference.

    `requester` is the address that answers go to, if anybody waits for one. Raises ValueError for what can't be.
    """
    house = open_house()
    card = _team(team, house)
    title, text = clip(clean_name(title).strip(), LONGEST_TITLE), text.strip()
    if not title:
        raise ValueError("a task has a title")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text has at most {LONGEST_TEXT} characters")
    if priority not in PRIORITIES:
        raise ValueError(f"a priority is one of {', '.join(PRIORITIES)}")
    number, actor = ids.new_id(), Actor("user", user.address)
    with Unit(house) as unit:
        facts = {
            "reference": unit.free_reference(),
            "title": title,
            "team": card.address,
            "organization": card.organization,
            "priority": priority,
            "labels": tuple(labels),
            "requester": requester.strip().lower(),
            "visibility": card.visibility or house.config.teams.visibility,
            "policy": msgspec.to_builtins(house.default_policy),
            "calendar": house.calendar_for(None, card.address),
            "answerable": bool(requester.strip()),
        }
        handle([Open(task=number, actor=actor, at=unit.now, facts=facts)], unit)
        if text:
            note = unit.add_note(number, "note", user.address, text)
            handle([Comment(task=number, actor=actor, at=unit.now, note=note, quiet=True)], unit)
        unit.index(number, f"{title}\n{text}")
    return str(facts["reference"])


def _team(name: str, house: House) -> TeamCard:
    card = house.directory.named(name) if name else house.directory.team(house.triage)
    if card is None:
        raise ValueError(f"there is no team {name!r}")
    return card
