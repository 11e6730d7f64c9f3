"""Canary and heartbeat: somebody hears when mail does not arrive, and when Orgo itself does not live."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgo.conf.config import Canary, Heartbeat
from orgo.lib.durations import Duration
from orgo.ops.loops import Loop
from tests.office import CONFIG, PEOPLE, Office, text_of
from tests.servers.scripted import Scripted, hears

CANARY = Canary(mailbox="info", every=Duration(0, 900), within=Duration(0, 600))
PROBE = "info@city.example"
ROLES = ("intake", "route", "deliver", "clock")


def beat(office: Office, heartbeat: Heartbeat, post: Callable[[], None] = lambda: None) -> bool:
    from orgo.ops import heartbeat as module

    return module.beat(office.config, heartbeat, post)


def poster(heartbeat: Heartbeat) -> Callable[[], None]:
    from orgo.ops import heartbeat as module

    return module.poster(heartbeat)


def say(roles: Iterable[str], parts: Iterable[Any]) -> int:
    from orgo.ops import presence

    return presence.say(roles, parts)


@pytest.fixture
def look(office: Office) -> Callable[[], int]:
    """One look after the canary, and everything that follows."""

    def looking() -> int:
        from orgo.flow.canary import watch

        done = watch(CANARY, PROBE)
        office.settle()
        return done

    return looking


def _home(office: Office) -> Any:
    """The last probe mail arrives."""
    return office.mail(
        "orgo@city.example",
        raw=[caught for caught in office.catcher.caught if caught.recipient == PROBE][-1].data,
    )


def test_one_that_comes_home_is_no_work_and_no_alarm(office: Office, look: Callable[[], int]) -> None:
    for _ in range(3):
        look()
        mail = _home(office)
        assert (mail.outcome, mail.reason) == ("ignored", "our own probe mail is back")
        office.later(minutes=15)

    assert office.told() == [PROBE] * 3 and office.tasks() == 0


def test_one_that_does_not_come_home_is_one_alarm_and_one_word_when_it_is_well(
    office: Office, look: Callable[[], int]
) -> None:
    look()
    office.later(minutes=9)
    look()
    assert office.told() == [PROBE]
    for _ in range(5):
        office.later(minutes=5)
        look()

    alarms = office.letters("admin@city.example")
    assert (
        len(alarms) == 1
        and "did not arrive" in str(alarms[0]["Subject"])
        and "250 2.0.0 Caught" in text_of(alarms[0])
    )
    _home(office)
    look()
    assert (
        "arrives again" in str(office.letters("admin@city.example")[-1]["Subject"])
        and len(office.letters("admin@city.example")) == 2
    )
    look()
    assert len(office.letters("admin@city.example")) == 2


def test_a_canary_that_is_lost_goes_by_webhook_at_once(tmp_path: Path) -> None:
    """The server takes mail and loses it: the letter of alarm would be lost as well."""
    from orgo.flow.canary import watch
    from orgo.outbox.models import Letter

    hook = 'webhooks: {{ops: {{url: "http://127.0.0.1:9/in", internal: true, form: chat}}}}\n'
    office = Office(tmp_path, config=CONFIG + hook)
    watch(CANARY, PROBE)
    office.settle()
    office.later(minutes=11)
    watch(CANARY, PROBE)
    told = Letter.objects.filter(kind="alarm").values_list("recipient", "channel")
    office.close()

    assert set(told) == {("admin@city.example", "email"), ("webhook:ops", "webhook")}


def test_an_administrator_who_reads_french_is_told_in_french(tmp_path: Path) -> None:
    """The alarm, its reason and its end; the English administrator beside it reads English."""
    from orgo.flow.canary import watch

    people = PEOPLE + "  - {address: adele@city.example, name: Adèle, role: administrator, language: fr}\n"
    office = Office(tmp_path, people=people)
    for _ in range(2):
        watch(CANARY, PROBE)
        office.settle()
        office.later(minutes=11)
    _home(office)
    watch(CANARY, PROBE)
    office.settle()
    french, english = (office.letters(f"{who}@city.example") for who in ("adele", "admin"))
    office.close()

    assert [str(letter["Subject"]) for letter in french] == [
        "Un message d'essai à info n'est pas arrivé",
        "Le courrier à info arrive de nouveau",
    ]
    assert "lun 7 sep" in text_of(french[0]).lower().replace(".", "")
    assert "le serveur l'a accepté (250 2.0.0 Caught" in text_of(french[0])
    assert [str(letter["Subject"]) for letter in english] == [
        "A probe mail to info did not arrive",
        "Mail to info arrives again",
    ]


def test_two_processes_send_one(office: Office, look: Callable[[], int]) -> None:
    assert [look(), look()] == [1, 0]
    assert office.told() == [PROBE]


def test_a_mail_that_only_looks_like_a_canary_is_a_mail(office: Office, look: Callable[[], int]) -> None:
    from orgo.audit.models import Event

    look()
    raw = (
        b"From: a@x.example\r\nSubject: leak\r\nMessage-ID: <1.canary."
        + b"a" * 26
        + b"@x.example>\r\n\r\nx\r\n"
    )

    assert office.mail("a@x.example", raw=raw).outcome == "opened"
    assert not Event.objects.filter(type="canary.arrived").exists()


def test_while_no_mail_can_leave_one_probe_waits_and_no_flock_of_them(office: Office) -> None:
    """The alarm comes once; when the way is free again the one that waited comes home, and the next one flies."""
    from orgo.flow.canary import watch
    from orgo.outbox.models import Letter

    for _ in range(6):
        watch(CANARY, PROBE)
        office.clock.advance(minutes=15)
    assert Letter.objects.filter(kind="canary").count() == 1

    office.settle()
    _home(office)
    watch(CANARY, PROBE)
    office.settle()
    assert office.told().count(PROBE) == 2
    assert "arrives again" in str(office.letters("admin@city.example")[-1]["Subject"])


def test_the_workers_of_a_queue_look_after_it_as_well(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.conf import boot
    from orgo.conf.config import Mailbox
    from orgo.ops import jobs

    account = Mailbox(host="127.0.0.1", port=1, tls="none", username=PROBE, password="b", name="info")
    boot.use(office.config.model_copy(update={"mailboxes": (account,), "canary": CANARY}))
    jobs.sweep()
    office.settle()

    assert office.told() == [PROBE]


# ---------------------------------------------------------------- heartbeat


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop("work", lambda: 0, threading.Event(), 0.01)
    made.start()
    yield made
    made.stop()
    made.join()


@pytest.fixture
def well(office: Office, loop: Loop) -> None:
    """Every part says that it works."""
    say(ROLES, [loop])


def _watch(port: int, **more: Any) -> Heartbeat:
    url = f"http://127.0.0.1:{port}/ping/secret-word"
    return Heartbeat.model_validate({"url": url, "internal": True, **more})


@pytest.mark.usefixtures("well")
def test_a_beat_is_a_post_to_the_watch(office: Office) -> None:
    with Scripted((hears("POST"), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "silence")) as server:
        heartbeat = _watch(server.port)
        assert beat(office, heartbeat, poster(heartbeat))
        assert server.all_heard.startswith(b"POST /ping/secret-word ")


@pytest.mark.parametrize("role", ROLES)
def test_a_part_that_no_process_runs_any_more_ends_the_beats(office: Office, loop: Loop, role: str) -> None:
    """The page and the others live on, on their machines; nobody outside may think that all is well."""
    told: list[int] = []
    say(("web", *ROLES), [loop])
    assert beat(office, Heartbeat(), lambda: told.append(1))
    for _ in range(3):
        office.clock.advance(minutes=6)
        say({"web", *ROLES} - {role}, [loop])
        assert not beat(office, Heartbeat(), lambda: told.append(1))
    say([role], [loop])

    assert beat(office, Heartbeat(), lambda: told.append(1)) and len(told) == 2


def test_a_part_that_says_that_it_ails_is_named(office: Office, loop: Loop) -> None:
    from orgo.ops import trouble

    dead = Loop("delivery", lambda: 0, threading.Event(), 0.01)
    say(ROLES, [loop])
    office.clock.advance(minutes=6)
    say({"intake", "route", "clock"}, [loop])
    say(["deliver"], [loop, dead])

    assert not beat(office, Heartbeat())
    assert "deliver (orgo-delivery)" in trouble.sentences()["heartbeat"]
    trouble.over("heartbeat")


def test_what_another_process_does_well_is_not_missed(office: Office, loop: Loop) -> None:
    """Of two workers one hangs."""
    dead = Loop("delivery", lambda: 0, threading.Event(), 0.01)
    say(ROLES, [loop])
    say(["deliver"], [dead])

    assert beat(office, Heartbeat())


def test_a_part_that_is_not_needed_is_not_missed(office: Office, loop: Loop) -> None:
    quiet = office.config.intake.smtp.model_copy(update={"enabled": False})
    intake = office.config.intake.model_copy(update={"smtp": quiet})
    say({"route", "deliver", "clock"}, [loop])

    assert not beat(office, Heartbeat())
    office.config = office.config.model_copy(update={"intake": intake})
    assert beat(office, Heartbeat())


def test_two_clocks_beat_once_each_time(office: Office, loop: Loop) -> None:
    told: list[int] = []
    heartbeat = Heartbeat(every=Duration(0, 60))
    for _ in range(3):
        say(ROLES, [loop])
        assert [beat(office, heartbeat, lambda: told.append(1)) for _ in range(2)] == [True, False]
        office.clock.advance(seconds=60)
    assert len(told) == 3


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n", b"garbage\r\n\r\n"])
def test_a_watch_that_can_not_be_told_is_shown_without_its_secret(office: Office, answer: bytes) -> None:
    """And it is tried again at once, not when the next beat is due."""
    from orgo.ops import trouble

    with Scripted((answer, "close")) as server:
        heartbeat = _watch(server.port)
        assert not beat(office, heartbeat, poster(heartbeat))
    shown = trouble.sentences()["heartbeat"]

    assert "can't be told" in shown and "secret-word" not in shown
    assert beat(office, heartbeat)
    assert "heartbeat" not in trouble.sentences()


@pytest.mark.usefixtures("well")
def test_a_beat_by_mail_is_a_letter(office: Office) -> None:
    heartbeat = Heartbeat(mail="watch@outside.example")
    assert beat(office, heartbeat, poster(heartbeat))
    office.settle()

    assert office.told() == ["watch@outside.example"]


def test_a_process_says_by_a_files_time_that_it_lives_until_a_part_of_it_does_not(tmp_path: Path) -> None:
    from orgo.ops import presence

    class Part:
        name, well = "orgo-route", True

        def is_well(self, longest: float) -> bool:
            return self.well

    part, file = Part(), tmp_path / presence.ALIVE
    presence.touch(tmp_path, [part])
    assert file.exists()
    file.unlink()
    part.well = False
    presence.touch(tmp_path, [part])
    assert not file.exists()


@pytest.mark.of_sqlite
def test_a_running_orgo_beats_until_a_thread_of_its_intake_dies(office: Office) -> None:
    """The listener is no loop, and its death is heard of all the same."""
    from orgo.ops.up import Running

    smtp = office.config.intake.smtp.model_copy(update={"port": 0})
    intake = office.config.intake.model_copy(update={"smtp": smtp})
    config = office.config.model_copy(update={"intake": intake, "heartbeat": Heartbeat(url="x")})
    running = Running(config, {"intake"})
    try:
        running.start()
        (listener,) = (part for part in running.watched if part.name == "orgo-smtp")
        assert listener.is_well(1.0)
        assert say(["intake"], running.watched) == 0
        running._at_end.pop()()
        assert say(["intake"], running.watched) == 1 and not listener.is_well(1.0)
    finally:
        running.stop()


def test_the_thread_of_a_mailbox_that_dies_is_heard_of(office: Office) -> None:
    from orgo.conf.config import Mailbox
    from orgo.ops.mailboxes import Mailboxes

    account = Mailbox(host="127.0.0.1", port=1, tls="none", username="a", password="b", name="a")
    mailboxes = Mailboxes(office.config.model_copy(update={"mailboxes": (account,)}))
    mailboxes.start()
    assert say(["intake"], mailboxes.threads) == 0
    mailboxes.stop()
    assert say(["intake"], mailboxes.threads) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("canary: {mailbox: nobody}", "no mailbox 'nobody'"),
        ("heartbeat: {every: 5 minutes}", "one of url and mail"),
        ("heartbeat: {mail: a@x.example, url: 'file:x'}", "one of url and mail"),
    ],
)
def test_a_watch_that_can_not_work_is_refused(tmp_path: Path, text: str, words: str) -> None:
    from orgo.conf import load
    from orgo.lib.problems import BadInput

    (tmp_path / "config.yaml").write_text(text)
    (tmp_path / "x").write_text("https://x.example")
    with pytest.raises(BadInput, match=words):
        load(tmp_path, {})


ANSWERS = "orgo@city.example"
BOX = "mailboxes: [{{host: 127.0.0.1, port: 9143, username: orgo, password: x, name: orgo, address: orgo@city.example}}]\n"


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Office]:
    """An office that reads the mailbox that answers come to."""
    made = Office(tmp_path, config=CONFIG + BOX)
    yield made
    made.close()


def finding(office: Office) -> Any:
    from orgo.ops.doctor import servers

    file = office.config.sqlite_file  # the doctor looks into no database that is not there
    if file is not None:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (found,) = servers.answers(office.config)
    return found


def test_the_canary_flies_as_answers_do(answering: Office) -> None:
    """To an address with a signed plus tag of an answer's length; the doctor knows from it whether such mail arrives."""
    from orgo.flow.canary import watch
    from orgo.outbox.token import claim_of_address

    office, canary = answering, Canary(mailbox="orgo", every=Duration(0, 900), within=Duration(0, 600))
    assert (finding(office).state, "canary: {mailbox: orgo}" in finding(office).todo) == ("warn", True)
    watch(canary, ANSWERS)
    office.settle()
    (probe,) = office.catcher.caught
    assert claim_of_address(probe.recipient) is not None
    assert finding(office).state == "fail"
    mail = office.mail(ANSWERS, raw=probe.data, to=probe.recipient)
    assert (mail.reason, office.tasks()) == ("our own probe mail is back", 0)
    assert finding(office).state == "ok"


def test_a_server_that_loses_plus_addresses_is_told_of(answering: Office) -> None:
    from orgo.flow.canary import watch

    office, canary = answering, Canary(mailbox="orgo", every=Duration(0, 900), within=Duration(0, 600))
    watch(canary, ANSWERS)
    office.settle()
    office.later(minutes=11)
    watch(canary, ANSWERS)
    office.settle()
    assert "plus tag" in text_of(office.letters("admin@city.example")[-1])
    assert finding(office).state == "fail"
