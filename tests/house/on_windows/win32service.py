"""Stands in for pywin32's module of this name: the numbers of Windows, and what a service says of itself."""

from tests.house.on_windows.service_pipes import STATES, tell

SERVICE_STOPPED, SERVICE_START_PENDING, SERVICE_STOP_PENDING, SERVICE_RUNNING = 1, 2, 3, 4
SERVICE_CONTROL_STOP, SERVICE_CONTROL_INTERROGATE, SERVICE_CONTROL_SHUTDOWN = 1, 4, 5


class error(Exception):
    """An error of Windows."""


def SetServiceStatus(handle: int, status: tuple[int, int, int, int, int, int, int]) -> None:
    """Tell the service manager how the service is."""
    tell(state=STATES[status[1]], hint=status[6])
