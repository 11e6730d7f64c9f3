"""The mailboxes of the configuration, each watched by a thread of its own: one that hangs never holds up another."""

import threading
from datetime import datetime

from orgo.conf.config import Config, Mailbox
from orgo.intake.mailbox.watch import Watcher
from orgo.ops import certificates, trouble

LONGEST_STOP = 5.0


class WatcherThread(threading.Thread):
    """One watcher at work."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(target=watcher.run, name=f"orgo-mailbox-{watcher.account.name}", daemon=True)

    def is_well(self, longest: float) -> bool:
        """Whether it lives; one that hangs is told of as a silent mailbox (flow/mailbox_alarms.py)."""
        return self.is_alive()


class Mailboxes:
    """Watches every mailbox from `start` to `stop`."""

    def __init__(self, config: Config) -> None:
        self.watchers = [Watcher(account, _tell, _connected) for account in config.accounts]
        self.threads = [WatcherThread(watcher) for watcher in self.watchers]

    def start(self) -> None:
        """Begin to watch; returns at once."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """End all watching; a server that does not answer is not waited for."""
        for watcher in self.watchers:
            watcher.stop()
        for thread in self.threads:
            thread.join(LONGEST_STOP)


def _tell(name: str, sentence: str | None) -> None:
    if sentence is None:
        trouble.over(f"mailbox {name}")
    else:
        trouble.note(f"mailbox {name}", sentence)


def _connected(account: Mailbox, until: datetime | None) -> None:
    certificates.note(f"{account.host}:{account.port}", until)
