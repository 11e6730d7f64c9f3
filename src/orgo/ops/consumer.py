"""How a Celery worker listens to its broker: one that refuses it is away like one that does not answer.

Celery ends the worker for good where RabbitMQ takes no password, no virtual host or no right of it; the work is found
without the broker meanwhile (ops/watchman.py).
"""

import logging
import time

from celery.worker import consumer
from celery.worker.state import maybe_shutdown

from orgo.conf.celery import QUIET_AFTER_AN_ERROR

log = logging.getLogger("orgo.queue")


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """Celery's, which tries a broker that has refused it again after a pause."""

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """It was not let in; a broker that is only away does not come here, Celery waits for that by itself."""
        self._leave_alone(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """It was let in, and lost the connection or may not use its queues."""
        super().on_connection_error_after_connected(exc)
        if isinstance(exc, self.channel_errors):
            self._leave_alone(exc)

    def _leave_alone(self, error: Exception) -> None:
        """Wait, unless the worker is told to end."""
        words = "the queue does not let Orgo in (%s): the work is found without it, the next try is in %.0f s"
        log.warning(words, error, QUIET_AFTER_AN_ERROR)
        end = time.monotonic() + QUIET_AFTER_AN_ERROR
        while time.monotonic() < end:
            maybe_shutdown()
            time.sleep(0.5)
