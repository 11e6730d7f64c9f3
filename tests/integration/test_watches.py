"""Canary and heartbeat: somebody hears when mail does not arrive, and when Orgo itself does not live."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgo.conf.config import Canary, Heartbeat
from orgo.lib.durations import Duration
from orgo.ops.heartbeat import beat, poster
from orgo.ops.loops import Loop
from tests.office import CONFIG, PEOPLE, Office, text_of
from tests.servers.scripted import Scripted, hears

CANARY = Canary(mailbox="info", every=Duration(0, 900), within=Duration(0, 600))
PROBE = "info@city.example"


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


# ---------------------------------------------------------------- heartbeat


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop("work", lambda: 0, threading.Event(), 0.01)
    made.start()
    yield made
    made.stop()
    made.join()


def test_a_beat_is_a_post_to_the_watch(office: Office, loop: Loop) -> None:
    with Scripted((hears("POST"), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "silence")) as server:
        heartbeat = Heartbeat.model_validate(
            {"url": f"http://127.0.0.1:{server.port}/ping/secret-word", "internal": True}
        )
        assert beat(heartbeat, [loop], poster(heartbeat))
        assert server.all_heard.startswith(b"POST /ping/secret-word ")


def test_where_a_loop_is_dead_nobody_is_told(office: Office, loop: Loop) -> None:
    told: list[int] = []
    dead = Loop("dead", lambda: 0, threading.Event(), 0.01)

    assert not beat(Heartbeat(), [loop, dead], lambda: told.append(1))
    assert told == []


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n", b"garbage\r\n\r\n"])
def test_a_watch_that_can_not_be_told_is_shown_without_its_secret(
    office: Office, loop: Loop, answer: bytes
) -> None:
    from orgo.ops import trouble

    with Scripted((answer, "close")) as server:
        heartbeat = Heartbeat.model_validate(
            {"url": f"http://127.0.0.1:{server.port}/ping/secret-word", "internal": True}
        )
        assert not beat(heartbeat, [loop], poster(heartbeat))
    shown = trouble.sentences()["heartbeat"]
    trouble.over("heartbeat")

    assert "can't be told" in shown and "secret-word" not in shown


def test_a_beat_by_mail_is_a_letter(office: Office, loop: Loop) -> None:
    heartbeat = Heartbeat(mail="watch@outside.example")
    assert beat(heartbeat, [loop], poster(heartbeat))
    office.settle()

    assert office.told() == ["watch@outside.example"]


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
