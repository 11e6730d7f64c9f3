"""Stands in for pywin32's module of this name: the base class of services, as far as Orgo uses it, as pywin32 312 does it."""

import servicemanager
import win32service


class ServiceFramework:
    """Hands what the service manager asks to methods, and tells it how the service is."""

    _svc_name_ = ""

    def __init__(self, args: list[str]) -> None:
        self.ssh = servicemanager.RegisterServiceCtrlHandler(args[0], self.ServiceCtrlHandlerEx, True)
        servicemanager.SetEventSourceName(self._svc_name_)

    def ReportServiceStatus(self, serviceStatus: int, waitHint: int = 5000) -> None:
        win32service.SetServiceStatus(self.ssh, (16, serviceStatus, 0, 0, 0, 0, waitHint))

    def SvcInterrogate(self) -> None:
        self.ReportServiceStatus(win32service.SERVICE_RUNNING)

    def ServiceCtrlHandlerEx(self, control: int, event_type: int, data: object) -> None:
        asked = {
            win32service.SERVICE_CONTROL_STOP: "SvcStop",
            win32service.SERVICE_CONTROL_SHUTDOWN: "SvcShutdown",
            win32service.SERVICE_CONTROL_INTERROGATE: "SvcInterrogate",
        }
        getattr(self, asked[control])()
