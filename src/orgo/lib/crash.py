"""Named points where a test kills the process, to prove that nothing is lost there."""

import os
import signal

_armed = os.environ.get("ORGO_CRASH", "")
_name, _, _nth = _armed.partition(":")
_left = int(_nth or 1)


def crashpoint(name: str) -> None:
    """Die here by SIGKILL when `ORGO_CRASH=name:nth` names this point and it is reached for the nth time."""
    global _left
    if not _name or name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
