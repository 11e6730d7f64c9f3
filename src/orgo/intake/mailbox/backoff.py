"""How long a mailbox is left alone between two looks (pure). A wrong password must not lock the account by hammering."""

from datetime import timedelta

from orgo.intake.mailbox.ports import State
from orgo.lib.durations import Duration

_FIRST = {"auth_failed": 60.0, "certificate": 60.0, "tls": 60.0, "folder": 60.0}
_LONGEST = {"unreachable": 300.0, "no_room": 60.0}
_FIRST_ELSE, _LONGEST_ELSE = 5.0, 3600.0
_JITTER = 0.25
# Where the server says what comes it is asked all the same: a connection may die without a word. A server may end one that
# says nothing for half an hour (RFC 2177).
_PUSHED_FIRST, _PUSHED_LONGEST = 300.0, 29 * 60.0
_SILENT_FIRST = timedelta(minutes=10)


def pause(state: State, failures: int, chance: float) -> timedelta:
    """The time until the next try after `failures` (1 or more) in a row; `chance` in [0, 1) spreads mailboxes out."""
    first, longest = _FIRST.get(state, _FIRST_ELSE), _LONGEST.get(state, _LONGEST_ELSE)
    wanted = min(longest, first * 2.0 ** min(failures - 1, 30))
    return timedelta(seconds=min(longest, wanted * (1 + _JITTER * chance)))


def wait(poll: Duration, *, pushes: bool) -> float:
    """Seconds until the next look at a mailbox that is well; `pushes` says that its server tells what comes."""
    seconds = poll.days * 86_400.0 + poll.seconds
    return min(_PUSHED_LONGEST, max(_PUSHED_FIRST, seconds)) if pushes else seconds


def silent_after(poll: Duration) -> timedelta:
    """How long no look may end before that is somebody's trouble: two waits."""
    longest = max(wait(poll, pushes=True), wait(poll, pushes=False))
    return max(_SILENT_FIRST, timedelta(seconds=2 * longest))
