"""Celery on the configured broker, and the dispatcher that rings by it. The broker only rings: the work is in the database."""

import atexit
import logging
import os
import ssl
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from celery import Celery
from celery.bootsteps import StartStopStep
from kombu.entity import Queue
from kombu.utils.url import parse_ssl_cert_reqs

from orgo import dispatch
from orgo.conf.config import Config
from orgo.conf.kinds import sentinels
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.problems import BadInput, Problem

log = logging.getLogger("orgo.queue")
# Seconds after which a job that hangs is ended; what it had claimed is free again when its lease ends.
LONGEST = {"routing": 300, "delivery": 900, "escalation": 300}
JOBS = {"routing": "orgo.route", "delivery": "orgo.deliver", "escalation": "orgo.sweep"}
MOST_DEAD = 10_000
RUNG = "orgo_rung"  # the header with the time of a ring, in seconds since 1970
_TO_THE_DEAD = "x-dead-letter-routing-key"
POLL = 10.0
QUIET_AFTER_AN_ERROR = 10.0
# Seconds between two rings of one process: a job takes all that waits by then, and a job for each mail costs as much as the mail.
BREATH = 0.2
_TIMEOUT = 2.0


def make_app(config: Config) -> Celery:
    """A Celery application on `queue`: JSON only, no results, a message is settled after its job.

    Raises BadInput where no queue is configured.
    """
    if config.queue is None:
        hint = "set queue: redis://127.0.0.1:6379/0 (or ORGO_QUEUE); without one `python main.py` does all work by itself"
        raise BadInput(Problem("none is configured, so there is nothing to wait for", key="queue", hint=hint))
    # Without Celery's own care for Django: it makes the pool of connections anew for every job (ops/jobs.py cares for them).
    address, tls = _address(config.queue)
    app = Celery("orgo", broker=address, fixups=[])
    rabbit = config.queue.startswith("amqp")
    own = _of_rabbitmq(config) if rabbit else _of_redis(config)
    app.conf.update(_SETTINGS | own | {"broker_use_ssl": tls})
    if rabbit:
        app.steps["consumer"].add(DeadLetters)
    return app


def _address(queue: str) -> tuple[str, dict[str, Any] | None]:
    """As kombu takes it, and what it shall ask of a certificate. It wants each Sentinel with its scheme.

    The certificate and its name are checked where nothing else is said: kombu of itself checks neither of Redis, and no
    name of RabbitMQ, of which it does not take the address's keys `ssl_..` either.
    """
    if queue.startswith("sentinel://"):
        return ";".join(sentinels(queue)), None
    if queue.startswith("rediss://"):  # the address's own keys go before this
        return queue, {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    if not queue.startswith("amqps://"):
        return queue, None
    address, _, keys = queue.partition("?")
    given = dict(parse_qsl(keys))
    asked = {name.removeprefix("ssl_"): given.pop(name) for name in list(given) if name.startswith("ssl_")}
    return f"{address}?{urlencode(given)}".rstrip("?"), _of_amqps(asked, urlsplit(queue).hostname)


def _of_amqps(asked: dict[str, str], host: str | None) -> dict[str, Any]:
    """The words of Redis' client in those of amqp, which checks the name that it is given."""
    checked = parse_ssl_cert_reqs(asked.pop("cert_reqs", "required"))
    named = asked.pop("check_hostname", "true").lower() != "false" and checked != ssl.CERT_NONE
    return {**asked, "cert_reqs": checked, **({"server_hostname": host} if named else {})}


def _of_redis(config: Config) -> dict[str, Any]:
    transport: dict[str, Any] = {
        "global_keyprefix": f"{config.queue_prefix}:",
        # In the order of the queues: an escalation is heard before mail that waits.
        "queue_order_strategy": "priority",
        "socket_connect_timeout": _TIMEOUT,
        "socket_timeout": 30.0,
    }
    if str(config.queue).startswith("sentinel://"):
        transport |= {"master_name": config.queue_master}
    return {
        "broker_transport_options": transport,
        "task_queues": [Queue(name, durable=True) for name in dispatch.QUEUES],  # type: ignore[no-untyped-call]
    }


def _of_rabbitmq(config: Config) -> dict[str, Any]:
    """A publisher hears that its ring is kept; what a worker refuses lies in a queue of its own, to be looked at."""
    prefix = config.queue_prefix
    arguments = {"x-dead-letter-exchange": "", _TO_THE_DEAD: dead_letters(prefix).name}
    if config.queue_type == "quorum":
        arguments["x-queue-type"] = "quorum"
    return {
        "broker_transport_options": {"confirm_publish": True},
        # No job is sent for later, but for quorum queues Celery declares what it would take, each in a kind of its own.
        "broker_native_delayed_delivery_queue_type": "classic",
        "task_queues": [_rabbits_queue(prefix, name, arguments) for name in dispatch.QUEUES],
    }


def _rabbits_queue(prefix: str, name: str, arguments: dict[str, str]) -> Queue:
    """`-Q routing` means orgo.routing: a queue that an earlier Orgo declared with other arguments stays as it is."""
    return Queue(f"{prefix}.{name}", alias=name, durable=True, queue_arguments=arguments)  # type: ignore[no-untyped-call]


class DeadLetters(StartStopStep):  # type: ignore[misc]
    """Declares the queue of refused messages whenever a worker connects; nobody consumes it, and it keeps the last of them."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        prefix, _, _ = parent.app.conf.task_queues[0].queue_arguments[_TO_THE_DEAD].partition(".")
        with parent.connection.channel() as channel:
            dead_letters(prefix)(channel).declare()  # type: ignore[no-untyped-call]


def dead_letters(prefix: str) -> Queue:
    """RabbitMQ's queue of messages that a worker refused, of the Orgo with this `queue_prefix`."""
    return Queue(f"{prefix}.dead", durable=True, queue_arguments={"x-max-length": MOST_DEAD})  # type: ignore[no-untyped-call]


_SETTINGS: dict[str, Any] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_default_queue": "routing",
    "task_routes": {job: {"queue": queue_name} for queue_name, job in JOBS.items()},
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "broker_connection_timeout": _TIMEOUT,
    # Without an end: Celery's own hundred tries are over in 47 minutes, and the worker with them.
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "beat_schedule": {
        job: {"task": job, "schedule": POLL, "options": {"expires": POLL}} for job in JOBS.values()
    },
    "timezone": "UTC",
}


def rung_now() -> dict[str, float]:
    """The headers of a ring that is sent now: a worker that has looked since then need not look again (ops/rings.py)."""
    return {RUNG: clock.now().timestamp()}


class Broker:
    """Sends a message that says when it was sent to a queue's job, and waits until the broker has it.

    An error is logged and swallowed, for everybody also looks by himself; then the broker is left alone for a while.
    """

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._quiet_until = 0.0

    def ring(self, queue: str) -> None:
        """Tell the workers of this queue that there is work."""
        job = JOBS.get(queue)
        if job is None or time.monotonic() < self._quiet_until:
            return
        crashpoint("H6.before_message")
        try:
            self._send(job, queue)
        except Exception as error:
            self._quiet_until = time.monotonic() + QUIET_AFTER_AN_ERROR
            log.warning("the queue can't be reached (%s): the work is found without it", type(error).__name__)
        else:
            crashpoint("H6.after_message")

    def _send(self, job: str, queue: str) -> None:
        with self.app.producer_or_acquire() as producer:
            try:
                options = {"retry": False, "ignore_result": True, "confirm_timeout": _TIMEOUT}
                self.app.send_task(job, queue=queue, producer=producer, headers=rung_now(), **options)
            except Exception:
                # A connection is closed in good order else, which a RabbitMQ in alarm never answers.
                producer.connection.collect(socket_timeout=_TIMEOUT)
                raise


class Messenger:
    """The dispatcher that rings in this process at once, and by the broker on a thread of its own.

    Who has just committed something does not wait for a broker that hangs. Rings for one queue that come while the broker
    is busy, or too soon after the last, are one ring: it only says that there is work.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._begin()
        if register := getattr(os, "register_at_fork", None):  # Windows forks nothing
            register(after_in_child=self._begin)
        atexit.register(self.wait)

    def _begin(self) -> None:
        """Nothing is wanted yet. A forked process has no thread of the former one, and a lock that may be held for ever."""
        self._changed = threading.Condition()
        self._wanted: set[str] = set()
        self._thread: threading.Thread | None = None
        self._busy = False

    def ring(self, queue: str) -> None:
        """Tell whoever works on this queue that there is work."""
        dispatch.bells.ring(queue)
        with self._changed:
            self._wanted.add(queue)
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="orgo-messenger", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, seconds: float = _TIMEOUT) -> bool:
        """Wait so long at most until all rings have left; returns whether they have. A process that ends does so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._wanted and not self._busy, seconds)

    def _carry(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._wanted)
                queue = min(self._wanted, key=dispatch.QUEUES.index)
                self._wanted.remove(queue)
                self._busy = True
            self._broker.ring(queue)
            time.sleep(BREATH)


def ring_by_broker(config: Config) -> None:
    """Ring by the configured broker from now on; where there is none the bells of this process stay."""
    if config.queue is not None:
        dispatch.use(Messenger(Broker(make_app(config))))
