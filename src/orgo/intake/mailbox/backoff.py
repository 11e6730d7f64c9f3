"""How long a mailbox that is in trouble is left alone (pure). A wrong password must not lock the account by hammering."""

from datetime import timedelta

from orgo.intake.mailbox.ports import State

_FIRST = {"auth_failed": 60.0, "certificate": 60.0, "tls": 60.0, "folder": 60.0}
_LONGEST = {"unreachable": 300.0}
_FIRST_ELSE, _LONGEST_ELSE = 5.0, 3600.0
_JITTER = 0.25


def pause(state: State, failures: int, chance: float) -> timedelta:
    """The time until the next try after `failures` (1 or more) in a row; `chance` in [0, 1) spreads mailboxes out."""
    first, longest = _FIRST.get(state, _FIRST_ELSE), _LONGEST.get(state, _LONGEST_ELSE)
    wanted = min(longest, first * 2.0 ** min(failures - 1, 30))
    return timedelta(seconds=min(longest, wanted * (1 + _JITTER * chance)))
