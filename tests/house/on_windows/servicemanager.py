"""Stands in for pywin32's module of this name, and for the service manager of Windows (service_pipes.py).

As there, the service runs on a thread of its own, and what it is asked comes on the main thread.
"""

import os
import select
import threading
import traceback
from collections.abc import Callable
from typing import Any

from tests.house.on_windows.service_pipes import ASKED, SAYS, STATES, tell

_hosted: list[Any] = []
_handlers: list[Callable[[int, int, object], None]] = []


def Initialize() -> None:
    """Nothing is needed here."""


def PrepareToHostSingle(service: Any) -> None:
    """This is the service."""
    _hosted.append(service)


def RegisterServiceCtrlHandler(name: str, handler: Callable[[int, int, object], None], extra: bool) -> int:
    """Who is asked."""
    _handlers.append(handler)
    return 1


def SetEventSourceName(name: str, now: bool = False) -> None:
    """By which name the event log knows it."""
    tell(source=name, registered=now)


def StartServiceCtrlDispatcher() -> None:
    """Run the service; returns when it has stopped."""
    import win32service

    if SAYS < 0:
        raise win32service.error(1063, "StartServiceCtrlDispatcher", "not started by the service manager")
    service = threading.Thread(target=_service)
    service.start()
    while service.is_alive():
        if select.select([ASKED], [], [], 0.05)[0]:
            _handlers[-1](os.read(ASKED, 1)[0], 0, None)


def _service() -> None:
    service = _hosted[-1](["Orgo"])
    try:
        service.SvcRun()
        failed = False
    except BaseException:
        failed = True
        tell(event=traceback.format_exc())
    tell(state=STATES[1], failed=failed)
