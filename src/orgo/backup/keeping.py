"""Which backups stay: of each of the last days, weeks and months that have one, the newest (pure)."""

from collections.abc import Iterable

from orgo.backup.stores import Stored
from orgo.conf.backup import Keep


def superfluous(stored: Iterable[Stored], keep: Keep) -> list[Stored]:
    """The backups that `keep` does not ask for, the oldest first. The newest of all is never among them."""
    newest_first = sorted(stored, key=lambda one: one.at, reverse=True)
    stay = {one.name for one in newest_first[:1]}
    for count, form in ((keep.daily, "%Y-%m-%d"), (keep.weekly, "%G-%V"), (keep.monthly, "%Y-%m")):
        stay |= _newest_of(newest_first, count, form)
    return [one for one in reversed(newest_first) if one.name not in stay]


def _newest_of(newest_first: list[Stored], count: int, form: str) -> set[str]:
    """The newest of each of the `count` latest periods that have any."""
    found: dict[str, str] = {}
    for one in newest_first:
        found.setdefault(one.at.strftime(form), one.name)
    return set(list(found.values())[:count])
