"""Deputies, and those whom a level speaks to, see on the page what they may act on, for as long as they may; no private task."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.office import PEOPLE, RULES, Office

ABSENT = "absent: [{from: 2026-09-07, until: 2026-09-11, deputy: dora@city.example}]"
AWAY = PEOPLE.replace(
    "name: Anna Abel, role: technician", f"name: Anna Abel, role: technician, {ABSENT}"
).replace("name: Hanna Hart, role: hr", f"name: Hanna Hart, role: hr, {ABSENT}")
TO_SOFIE = RULES.replace("to: chief@city.example", "to: sofie@school.example")
TO_A_TEAM = RULES.replace("to: chief@city.example", "to: school")


def sees(who: str, task: Any) -> bool:
    """Whether `who` sees the task; every way of asking must say the same."""
    from orgo.lib import clock
    from orgo.people.models import User
    from orgo.people.visibility import Viewer, may_see
    from orgo.task.models import Task
    from orgo.task.queries import counts, listed, search

    user = User.objects.get(address=who)
    task.refresh_from_db()
    viewer, now = Viewer(user), clock.now()
    answers = {
        "one": may_see(user, task),
        "filter": Task.objects.filter(viewer.filter(), pk=task.pk).exists(),
        "list": task.pk in [row.pk for row in listed(viewer, "all", now)],
        "count": bool(counts(viewer, now)["all"]),
        "search": task.pk in [row.pk for row in search(viewer, task.title)],
        "reference": task.pk in [row.pk for row in search(viewer, task.reference)],
    }
    assert len(set(answers.values())) == 1, answers
    return answers["one"]


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Office]:
    """Anna of the works and Hanna of human resources are away until Friday; Dora of the desk stands in."""
    made = Office(tmp_path, people=AWAY)
    yield made
    made.close()


def test_a_deputy_sees_the_team_s_tasks_while_standing_in(away: Office) -> None:
    """From the first day away to the last; on the day of return no more."""
    away.mail()
    task = away.task()
    assert sees("dora@city.example", task)
    assert not sees("sofie@school.example", task)
    away.later(days=5)
    assert not sees("dora@city.example", task)


def test_a_deputy_s_lists_show_them_as_the_team_s(away: Office) -> None:
    """They stand under "team" and "unassigned", where the deputy looks for work."""
    from orgo.lib import clock
    from orgo.people.models import User
    from orgo.people.visibility import Viewer
    from orgo.task.queries import counts

    away.mail()
    found = counts(Viewer(User.objects.get(address="dora@city.example")), clock.now())
    assert (found["team"], found["unassigned"]) == (1, 1)


def test_a_deputy_sees_what_the_absent_one_has_in_hand(away: Office) -> None:
    """Also where the task's team is another."""
    from orgo.task.models import Task

    away.mail()
    task = away.task()
    Task.objects.filter(pk=task.pk).update(team="office@school.example", assignee="anna@city.example")
    assert sees("dora@city.example", task)
    Task.objects.filter(pk=task.pk).update(assignee="ben@city.example")
    assert not sees("dora@city.example", task)


def test_a_deputy_sees_no_private_task(away: Office) -> None:
    """A harassment report stays with its team, whoever stands in for one of it."""
    away.mail(subject="harassment by my superior")
    task = away.task()
    assert sees("hanna@city.example", task)
    assert not sees("dora@city.example", task)


@pytest.mark.parametrize("rules", [TO_SOFIE, TO_A_TEAM])
def test_whom_a_level_speaks_to_sees_the_task_from_then_on(tmp_path: Path, rules: str) -> None:
    """Not before; and no more once it has gone to another team and begun anew."""
    office = Office(tmp_path, rules=rules)
    office.mail()
    task = office.task()
    office.later(hours=1)
    assert not sees("sofie@school.example", task)
    office.later(hours=1)
    assert sees("sofie@school.example", task)
    office.answer("anna@city.example", "not mine, try desk@city.example")
    assert not sees("sofie@school.example", task)
    office.close()


def test_whom_a_level_only_informs_does_not_see_it(tmp_path: Path) -> None:
    """`notify` tells of a task; what it tells is in the letter."""
    rules = RULES.replace(
        "to: chief@city.example}", "to: chief@city.example, notify: [sofie@school.example]}"
    )
    office = Office(tmp_path, rules=rules)
    office.mail()
    office.later(hours=2)
    assert "sofie@school.example" in office.told()
    assert not sees("sofie@school.example", office.task())
    office.close()


def test_a_level_of_a_private_task_shows_it_to_nobody(tmp_path: Path) -> None:
    """The letter says that there is one, and no more; the page does not show it."""
    rules = TO_SOFIE.replace("priority: high", "priority: high\n      visibility: private")
    office = Office(tmp_path, rules=rules)
    office.mail()
    office.later(hours=2)
    assert "sofie@school.example" in office.told()
    assert not sees("sofie@school.example", office.task())
    office.close()


def test_the_page_opens_for_a_deputy_and_lets_act(away: Office) -> None:
    """What the page shows can be taken there too."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    away.mail()
    done = perform(User.objects.get(address="dora@city.example"), away.task().reference, "take")
    assert done.state.assignee == "dora@city.example"


def test_an_address_that_ends_like_a_watcher_s_is_another(office: Office) -> None:
    """anna@ does not see what hanna@ watches."""
    from orgo.task.models import Task

    office.mail(subject="For the desk")
    Task.objects.update(watchers="|johanna@city.example|")
    assert not sees("anna@city.example", office.task())


def test_a_watcher_s_address_is_no_pattern(office: Office) -> None:
    """Of several, and with signs that mean something in SQL."""
    from orgo.people.models import User
    from orgo.task.models import Task

    office.mail(subject="For the desk")
    User.objects.filter(address="anna@city.example").update(address="a_a%@city.example")
    Task.objects.update(watchers="|anna@city.example|aXa%@city.example|")
    assert not sees("a_a%@city.example", office.task())
    Task.objects.update(watchers="|eve@city.example|a_a%@city.example|")
    assert sees("a_a%@city.example", office.task())


def test_a_queue_is_counted_the_same_whether_all_open_tasks_are_looked_at_or_not(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the number from which on nobody counts, all at once; beyond it each for itself."""
    from orgo.lib import clock
    from orgo.people.models import User
    from orgo.people.visibility import Viewer
    from orgo.task import queries
    from orgo.task.models import Task

    for number in range(4):
        office.mail(subject=f"Leak {number}")
    first, second, *_ = Task.objects.order_by("id")
    Task.objects.filter(pk=first.pk).update(assignee="anna@city.example", state="waiting", level=1)
    Task.objects.filter(pk=second.pk).update(state="completed", closed_at=office.clock.now())
    viewer = Viewer(User.objects.get(address="anna@city.example"))
    found = {}
    for most in (1000, 3, 2):
        monkeypatch.setattr(queries, "MOST_COUNTED", most)
        found[most] = queries.counts(viewer, clock.now())
    expected = {"mine": 1, "team": 3, "unassigned": 2, "waiting": 1, "overdue": 1, "all": 3}
    assert found == {1000: expected, 3: expected, 2: {name: min(n, 2) for name, n in expected.items()}}
