"""All of Orgo, or a part of it, in this process: the listener, the loops and the page."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

from orgo import dispatch
from orgo.conf.config import Config
from orgo.conf.database import lock_of
from orgo.delivery.email.courier import EmailCourier, SmtpServer
from orgo.delivery.ports import DeliveryError, Parcel, TakenOver
from orgo.delivery.webhook.courier import Hook, WebhookCourier
from orgo.flow.reading import Reader, ScanningReader
from orgo.intake.scanner import Clamd
from orgo.lib import memory
from orgo.lib.locks import locked
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import without
from orgo.message.pool import ParserPool
from orgo.ops import certificates, disk, trouble
from orgo.ops.checking import need_rules, use_limits
from orgo.ops.loops import Loop
from orgo.ops.missing_rules import refuse_missing

if TYPE_CHECKING:
    from orgo.ops.presence import WellOrNot

log = logging.getLogger("orgo")
Part = Literal["web", "intake", "route", "deliver", "clock"]
ALL: frozenset[Part] = frozenset({"web", "intake", "route", "deliver", "clock"})
POLL = 1.0
SEAL_EVERY = 5.0
WATCH_EVERY = 20.0
DIGEST_EVERY = 60.0
BEAT_EVERY = 10.0
BACKUP_EVERY = 60.0
PAGE_EVERY = 3600.0
SWEEP_EVERY = 6 * 3600.0
ROUNDS_MAY_TAKE = 25.0  # whoever ends a service kills it after 30 s


class Running:
    """The parts that run in this process. `start` them, then `serve` the page or `wait`; `stop` ends all.

    `ended` is for whoever tells it to stop without a signal: `serve` and `wait` return when it is set.
    """

    def __init__(
        self, config: Config, parts: Iterable[Part] = ALL, ended: threading.Event | None = None
    ) -> None:
        self.config = config
        self.parts = frozenset(parts)
        self.loops: list[Loop] = []
        self.watched: list[WellOrNot] = []
        self.ended = ended or threading.Event()
        self.smtp_port: int | None = None
        self._at_end: list[Callable[[], None]] = []
        self._lock = ExitStack()

    def start(self) -> None:
        """Start every part but the page. Raises BadInput for rules that can't be had, and an address that can't."""
        memory.few_arenas()
        disk.end_when_it_fails()
        need_rules(self.config)
        use_limits(self.config)
        self._occupy()
        prepare_database()
        refuse_missing(self.config)
        if self.config.queue is not None:
            from orgo.conf.celery import ring_by_broker

            ring_by_broker(self.config)
        if self.config.smtp is not None:
            release_held()
        if "intake" in self.parts:
            self._start_intake()
        if "route" in self.parts:
            self._start_routing()
        if "deliver" in self.parts:
            self._start_delivery()
        if "clock" in self.parts:
            from orgo.pipeline import sweep

            self._loop("clock", sweep, "escalation")
            log.info("deadlines and escalations are watched")
            self._start_sealing()
            self._start_watching()
            self._start_digest()
            self._start_mailing_seals()
            self._start_canary()
            self._start_sweeping()
        self._start_heartbeat()
        self._start_saying()
        if "clock" in self.parts:
            self._start_backups()
        memory.settle()

    def serve(self, listening: Callable[[], None] | None = None) -> None:
        """Serve the page until the process is told to stop (only where `web` is among the parts).

        `listening` is called when the page can be asked for.
        """
        if "web" in self.parts:
            from orgo.ops.serving import serve

            serve(self.config, self.ended, listening)
        else:
            self.wait()

    def wait(self) -> None:
        """Wait until the process is told to stop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # By a thread: the signal may come while this one holds the event's lock, which lets it in only once.
            signal.signal(number, lambda *_: threading.Thread(target=self.ended.set, daemon=True).start())
        while not self.ended.wait(0.5):
            pass

    def stop(self) -> None:
        """End everything in good order: no new mail, then the rounds that are under way."""
        for loop in self.loops:
            loop.stop()
        for end in reversed(self._at_end):
            try:
                end()
            except Exception as error:  # the database may be away: leases run out by themselves
                log.warning("a part could not be ended in good order: %s", error)
        latest = time.monotonic() + ROUNDS_MAY_TAKE
        for loop in self.loops:
            loop.join(timeout=max(0.0, latest - time.monotonic()))
        self._lock.close()

    def _occupy(self) -> None:
        """A database in a file is not restored or moved under a running Orgo, and Orgo does not start in the middle of that."""
        file = self.config.sqlite_file
        if file is None:
            return
        try:
            self._lock.enter_context(locked(lock_of(file), shared=True))
        except BlockingIOError:
            raise BadInput(Problem("it is being restored or moved", file=str(file))) from None

    def _loop(self, name: str, work: Callable[[], int], queue: str, *ends: Callable[[], None]) -> None:
        self._begin(Loop(name, work, dispatch.bells.bells[queue], POLL, ends))

    def _begin(self, loop: Loop) -> None:
        self.loops.append(loop)
        self.watched.append(loop)
        loop.start()

    def _start_sealing(self) -> None:
        """The trail is sealed by time alone: no bell, so that nothing in the mail's way waits for it or wakes it."""
        self._begin(Loop("seal", lambda: seal_round(self.config), threading.Event(), SEAL_EVERY))

    def _start_watching(self) -> None:
        """Rules that are refused, mailboxes and backups in trouble, are told of; the page's certificate is looked at."""
        self._begin(Loop("rules", _watch_rules, threading.Event(), WATCH_EVERY))
        if certificates.page(self.config):
            look = Loop("page", lambda: certificates.look_at_page(self.config), threading.Event(), PAGE_EVERY)
            self._begin(look)
        if self.config.accounts:
            from orgo.flow.mailbox_alarms import watch_mailboxes

            self._begin(Loop("mailboxes", watch_mailboxes, threading.Event(), WATCH_EVERY))

        if self.config.backup is not None:
            from orgo.backup.alarms import watch_backups

            self._begin(
                Loop("backup alarms", lambda: watch_backups(self.config), threading.Event(), WATCH_EVERY)
            )

    def _start_sweeping(self) -> None:
        """Blobs that a process put and did not live to name are removed when they are old."""
        from orgo.intake import blobs

        place = blobs.here()
        if place is not None:
            self._begin(Loop("blobs", lambda: blobs.sweep(place) and 0, threading.Event(), SWEEP_EVERY))

    def _start_digest(self) -> None:
        """Triage hears once a day of mail that made no task."""
        from orgo.flow.digest import send_digest

        self._begin(Loop("digest", lambda: send_digest() and 0, threading.Event(), DIGEST_EVERY))

    def _start_mailing_seals(self) -> None:
        """Who keeps the trail's seals outside gets the newest once a day."""
        if self.config.audit.seal_to:
            from orgo.flow.seal_letter import mail_seal

            self._begin(Loop("seal letters", lambda: mail_seal() and 0, threading.Event(), DIGEST_EVERY))

    def _start_canary(self) -> None:
        if self.config.canary is not None:
            self._begin(Loop("canary", lambda: watch_canary(self.config), threading.Event(), WATCH_EVERY))

    def _start_backups(self) -> None:
        """One is made when it is due, and those that wait are sent. A large one takes longer than a heartbeat may be silent."""
        if self.config.backup is not None:
            from orgo.backup.making import round_of

            self._begin(Loop("backup", lambda: round_of(self.config) and 0, threading.Event(), BACKUP_EVERY))

    def _start_saying(self) -> None:
        """A supervisor that can ask no page sees by a file's time that this process works."""
        from orgo.ops import presence

        var, parts = self.config.var, list(self.watched)
        self._begin(Loop("alive", lambda: presence.touch(var, parts), threading.Event(), presence.SAY_EVERY))

    def _start_heartbeat(self) -> None:
        """Each process says that its parts work; the clock tells the watch outside, as long as all of them do."""
        heartbeat = self.config.heartbeat
        if heartbeat is None:
            return
        from orgo.ops import presence
        from orgo.ops.heartbeat import beat, poster

        parts = list(self.watched)
        presence.say(self.parts, parts)
        say = Loop(
            "presence", lambda: presence.say(self.parts, parts) and 0, threading.Event(), presence.SAY_EVERY
        )
        self._begin(say)
        if "clock" in self.parts:
            post = poster(heartbeat)
            tell = Loop(
                "heartbeat", lambda: beat(self.config, heartbeat, post) and 0, threading.Event(), BEAT_EVERY
            )
            self._begin(tell)

    def _start_intake(self) -> None:
        from orgo.intake.smtp import Listener, SmtpSettings

        smtp = self.config.intake.smtp
        if smtp.enabled:
            settings = SmtpSettings(
                host=smtp.host,
                port=smtp.port,
                protocol=smtp.protocol,
                domains=tuple(smtp.domains),
                max_size=smtp.max_size,
            )
            listener = Listener(settings, lambda: dispatch.ring("routing"))
            try:
                self.smtp_port = listener.start()
            except OSError as error:
                raise port_problem("intake.smtp.port", smtp.host, smtp.port, error) from error
            self._at_end.append(listener.stop)
            self.watched.append(listener)
            log.info("mail is taken by %s on %s:%s", smtp.protocol.upper(), smtp.host, self.smtp_port)
        self._start_folder()
        self._start_mailboxes()

    def _start_mailboxes(self) -> None:
        if self.config.accounts:
            from orgo.ops.mailboxes import Mailboxes

            mailboxes = Mailboxes(self.config)
            self._at_end.append(mailboxes.stop)
            mailboxes.start()
            self.watched += mailboxes.threads
            names = ", ".join(account.name for account in self.config.accounts)
            log.info("mail is fetched from %s", names)

    def _start_folder(self) -> None:
        folder = self.config.intake.folder
        if folder.path is not None:
            from orgo.intake.folder import FolderWatch

            watch = FolderWatch(folder.path, folder.after)
            self._loop("folder", watch.round, "intake", watch.close)
            log.info("mail files are taken from %s", folder.path)

    def _start_routing(self) -> None:
        from orgo.pipeline import Router

        parser = reader_for(self.config)
        router = Router(parser)
        self._loop("routing", router.round, "routing", router.close, parser.close)

    def _start_delivery(self) -> None:
        if self.config.smtp is not None:
            self._start_sender("delivery", courier_for(self.config), "email")
        if self.config.webhooks:  # a thread of its own, for it is the second path when mail hangs
            self._start_sender("webhooks", hooks_for(self.config), "webhook")

    def _start_sender(self, name: str, courier: "Watched", channel: str) -> None:
        from orgo.pipeline import Sender

        sender = Sender(courier, channel)
        self._at_end.append(sender.stop)
        self._loop(name, sender.round, "delivery", courier.close)


def seal_round(config: Config) -> int:
    """Seal a block with the database's key; returns how many events it holds."""
    from orgo.audit.keys import NoKey, signing_key
    from orgo.audit.seal import seal

    try:
        key = signing_key(config)
    except NoKey as error:
        trouble.note("trail", str(error), logging.ERROR)
        return 0
    trouble.over("trail")
    return seal(key, config.var)


class Watched:
    """A courier that says when its other side can't be reached, so that the page shows it."""

    def __init__(self, courier: EmailCourier | WebhookCourier, name: str, server: str) -> None:
        self.courier = courier
        self.name = name
        self.server = server

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        try:
            reply = self.courier.deliver(parcel, before_dot)
        except TakenOver:
            raise
        except DeliveryError as error:
            if not error.permanent:
                reason = without(error.reason, parcel.recipient)
                trouble.note(self.name, f"letters can't leave by {self.server}: {reason}")
            raise
        trouble.over(self.name)
        return reply

    def close(self) -> None:
        """End the connection."""
        self.courier.close()


def watch_canary(config: Config) -> int:
    """Look after the probe mail, where there is one and a server that it can leave by; returns what was done."""
    canary = config.canary
    if canary is None or config.smtp is None:
        return 0
    from orgo.flow.canary import watch

    account = next(account for account in config.accounts if account.name == canary.mailbox)
    return watch(canary, str(account.receives))


def smtp_server(config: Config) -> SmtpServer:
    """The configured server as couriers want it."""
    smtp = config.smtp
    assert smtp is not None
    return SmtpServer(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        from_address=smtp.from_address,
        from_name=smtp.from_name or config.organization.name,
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
        ca_file=str(smtp.ca_file) if smtp.ca_file else None,
    )


def courier_for(config: Config) -> Watched:
    """The way out as jobs of any kind use it."""
    server = smtp_server(config)
    courier = EmailCourier(server, lambda until: certificates.note(repr(server), until))
    return Watched(courier, "smtp", repr(server))


def reader_for(config: Config) -> Reader:
    """How mail is read: by the parser, after the scanner where there is one."""
    parser, scanner = ParserPool(), scanner_of(config)
    return parser if scanner is None else ScanningReader(parser, scanner, _tell_of_scanner)


def scanner_of(config: Config) -> Clamd | None:
    """The configured scanner."""
    found = config.scanner
    if found is None:
        return None
    return Clamd(found.socket, found.host, found.port, found.timeout.days * 86_400.0 + found.timeout.seconds)


def _tell_of_scanner(reason: str | None) -> None:
    if reason is None:
        trouble.over("scanner")
    else:
        trouble.note("scanner", f"mail waits, for the virus scanner does not answer: {reason}")


def _watch_rules() -> int:
    from orgo.flow.house import RULES
    from orgo.flow.rule_alarms import watch_rules

    done = watch_rules()
    if RULES.sentence:
        trouble.note("rules", RULES.sentence)
    else:
        trouble.over("rules")
    return done


def hooks_for(config: Config) -> Watched:
    """The way out by webhook."""
    hooks = {
        name: Hook(
            url=hook.url.get_secret_value(),
            secret=hook.secret.get_secret_value() if hook.secret else None,
            form=hook.form,
            internal=hook.internal,
            ca_file=str(hook.ca_file) if hook.ca_file else None,
        )
        for name, hook in config.webhooks.items()
    }
    return Watched(WebhookCourier(hooks), "webhooks", "webhook")


def prepare_database() -> None:
    """Bring the database's tables to this program's form (nothing to do where they have it)."""
    from orgo.conf import boot
    from orgo.ops.schema import migrate

    migrate(boot.config())


def release_held() -> None:
    """Let letters go that were held while no server was configured."""
    from orgo.outbox import claim

    count = claim.release_held()
    if count:
        log.info("%s letters that were held may leave now", count)


def port_problem(key: str, host: str, port: int, error: OSError) -> BadInput:
    """The clear word for an address that can't be listened on."""
    why = (
        "it is in use (is Orgo running already?)"
        if error.errno in (48, 98, 10048)
        else str(error.strerror or error)
    )
    return BadInput(
        Problem(
            f"can't listen on {host}:{port}: {why}",
            key=key,
            hint="choose another port or stop the other program",
        )
    )


def up(
    config: Config,
    parts: Iterable[Part] = ALL,
    ended: threading.Event | None = None,
    listening: Callable[[], None] | None = None,
) -> None:
    """Run these parts until the process is told to stop, by a signal or by `ended`; see `Running.serve` of `listening`."""
    running = Running(config, parts, ended)
    try:
        running.start()
        running.serve(listening)
    finally:
        running.stop()
