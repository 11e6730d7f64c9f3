"""The jobs that Celery's workers run: one round after the other, for a few seconds; where work is left they ring again.

So a worker that has much mail to decide still hears of an escalation. What no message tells of is found by the worker's
watchman (ops/watchman.py).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from logging import INFO, getLogger
from typing import TYPE_CHECKING

import billiard.pool
import psutil
from celery import Celery
from celery.signals import (
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
    worker_shutting_down,
)
from django.db import close_old_connections, connection, connections
from structlog.contextvars import bind_contextvars, clear_contextvars

from orgo import dispatch
from orgo.conf import boot, logging
from orgo.conf.celery import JOBS, LONGEST, Broker, Messenger, make_app
from orgo.lib import memory
from orgo.ops import disk, rings, server, stopping, watchman
from orgo.ops.checking import need_rules, use_limits
from orgo.ops.missing_rules import refuse_missing
from orgo.ops.schema import form, refuse_newer

if TYPE_CHECKING:
    from orgo.pipeline import Sender

AT_A_TIME = 5.0
# Tries, a tenth of a second each, of a process of the pool that ends, until the worker has read what it answered last.
WAIT_TO_BE_READ = 5
_A_REFUSAL_IS_NO_END = {"worker_consumer": "orgo.ops.consumer:Consumer", "broker_channel_error_retry": True}
LONGEST_STOP, _LAST_BREATH = 25.0, 3.0  # whoever ends a service kills it after 30 s
_own = threading.local()
_backups: list[threading.Thread] = []
_watchman: list[watchman.Keeper] = []
_ears = [stopping.Ear()]


def app_or_exit() -> Celery:
    """Celery's application with the jobs; where it can't be had the process ends with the line and the code of `orgo worker`."""
    from orgo.cli.errors import guarded

    made: list[Celery] = []
    code = guarded(lambda: made.append(celery_app()), [])
    if code:
        sys.exit(code)
    return made[0]


def celery_app() -> Celery:
    """Start Orgo on its home's configuration and give its jobs to Celery.

    Raises BadInput, also for a database that the watchman would refuse, and what the database's driver raises.
    """
    app = make_app(boot.config())
    app.conf.update(_A_REFUSAL_IS_NO_END)
    config = boot.start()
    if config.sqlite_file is None:
        server.look_at(config)
        refuse_newer(form())
    need_rules(config)
    if form() != "none":
        refuse_missing(config)
    use_limits(config)
    for queue, job in JOBS.items():
        rings.answer(app, job, _WORK[queue], time_limit=LONGEST[queue])
    dispatch.use(Messenger(Broker(app)))
    return app


def route() -> int:
    """Decide the mails that wait; returns how many were claimed."""
    from orgo import pipeline
    from orgo.ops.up import reader_for

    if not hasattr(_own, "parser"):
        _own.parser = reader_for(boot.config())
    router = pipeline.Router(_own.parser)
    try:
        return _some(router.round, _again("routing"))
    finally:
        router.close()


def deliver() -> int:
    """Send the letters that are due, as far as there is a way out; returns how many were claimed."""
    from orgo import pipeline
    from orgo.ops.up import courier_for, hooks_for

    config = boot.config()
    done = 0
    if config.webhooks:  # first: they are the second path when mail hangs
        with closing(hooks_for(config)) as hooks:
            done += send_all(pipeline.Sender(hooks, "webhook"), _again("delivery"))
    if config.smtp is not None:
        with closing(courier_for(config)) as courier:
            done += send_all(pipeline.Sender(courier), _again("delivery"))
    return done


def send_all(sender: "Sender", again: Callable[[], None]) -> int:
    """Rounds of this sender until no letter is due or the time is over, then `again` is called; returns how many were claimed."""

    def stop() -> None:
        try:
            sender.stop()
        finally:
            connection.close()  # of the ear's thread

    with _ears[-1].call(stop):
        return _some(sender.round, again)


def sweep() -> int:
    """Fire what is due, tell of what is in trouble, begin a backup where it is time; returns how many tasks were looked at."""
    from orgo import pipeline
    from orgo.flow.mailbox_alarms import watch_mailboxes
    from orgo.flow.rule_alarms import watch_rules
    from orgo.ops.up import watch_canary

    done = pipeline.sweep()
    watch_rules()
    if boot.config().accounts:
        watch_mailboxes()
    watch_canary(boot.config())
    if boot.config().backup is not None:
        _back_up()
    return done


def _back_up() -> None:
    """A round of backups beside the jobs: no level of an escalation waits for a large one."""
    from orgo.ops.loops import Loop
    from orgo.ops.up import BACKUP_EVERY

    if _backups and _backups[-1].is_alive():
        return
    from orgo.backup.making import round_of

    _backups[:] = [Loop("backup", lambda: round_of(boot.config()) and 0, threading.Event(), BACKUP_EVERY)]
    _backups[-1].start()


def _again(queue: str) -> Callable[[], None]:
    return lambda: dispatch.ring(queue)


def _some(work: Callable[[], int], again: Callable[[], None]) -> int:
    """Rounds until nothing is left, or the time is over and `again` is called; returns how much was done."""
    done, end = 0, time.monotonic() + AT_A_TIME
    while count := work():
        done += count
        if time.monotonic() > end or stopping.is_told():
            again()
            break
    return done


_WORK = {"routing": route, "delivery": deliver, "escalation": sweep}


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log(loglevel: int | None = None, **_: object) -> None:
    """Celery would set up a log of its own: this one looks like that of Orgo's other processes."""
    least = loglevel or INFO
    logging.begin(boot.config(), verbose=True, least=least)
    getLogger("celery").setLevel(least)  # two lines for each job are many


@task_prerun.connect  # type: ignore[untyped-decorator]
def _name(task_id: str, **_: object) -> None:
    close_old_connections()
    clear_contextvars()
    bind_contextvars(job=task_id)


@task_postrun.connect  # type: ignore[untyped-decorator]
def _give_connections_back(**_: object) -> None:
    close_old_connections()


@worker_init.connect  # type: ignore[untyped-decorator]
def _watch(**_: object) -> None:
    _leave_connections()
    _watchman.append(watchman.Keeper())
    _watchman[-1].start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: object) -> None:
    """The jobs give back what they have not begun; one that hangs is ended, and its lease runs out."""
    if stopping.is_told():
        return
    stopping.tell()
    last_word = threading.Timer(LONGEST_STOP, _end_now)
    last_word.daemon = True
    last_word.start()
    for keeper in _watchman:
        keeper.tell_to_end()


def _end_now() -> None:
    """Celery ends the jobs that are left; where its own broker hangs it waits for that, and is ended too."""
    os.kill(os.getpid(), getattr(signal, "SIGQUIT", signal.SIGTERM))
    time.sleep(_LAST_BREATH)
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended by itself
            child.kill()
    os._exit(1)


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _end_watch(**_: object) -> None:
    while _watchman:
        _watchman.pop().end()


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _begin(**_: object) -> None:
    _leave_connections()
    _ears[:] = [stopping.Ear()]
    # A worker told to end just as a short job has ended forgets that job (AsynPool.flush) and reads no answer, and its process
    # would wait for 30 s. What comes of the job stands in the database.
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = WAIT_TO_BE_READ
    disk.end_when_it_fails()
    memory.settle()


def _leave_connections() -> None:
    """Processes that are forked from each other share no connection and no pool."""
    for one in connections.all(initialized_only=True):
        one.close()
        if one.vendor == "postgresql":
            one.close_pool()  # type: ignore[attr-defined]


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _close(**_: object) -> None:
    """End the parser's child with its worker."""
    if hasattr(_own, "parser"):
        _own.parser.close()
