"""What a reply by mail asks for: plain commands in four languages, and all that must stay a comment."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orgo.task.reply import Understood, said, understand, understand_time
from orgo.task.reply_times import Edge

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 9, 9, 10, 0, tzinfo=PARIS)  # a Wednesday
STORY = (
    "We went to the school this morning and looked at the pump together with the caretaker. The old seal was broken, "
    "so water came into the corridor and under the door of the library. He told us that the same thing happened in "
    "spring and that the repair was done then by the other company. We have ordered a new seal and will bring it."
)


def understood(text: str, language: str = "") -> Understood:
    """What is understood, whatever language it was taken for."""
    return replace(understand(text, now=NOW, zone="Europe/Paris", language=language), language="")


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def replies() -> dict[str, list[tuple[str, str]]]:
    """The examples of replies.txt: for each kind, pairs of language and text."""
    found: dict[str, list[tuple[str, str]]] = {}
    kind, language = "", ""
    for line in Path(__file__).with_name("replies.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            kind, language = line.strip("[]").split()
        elif line and not line.startswith("#"):
            found.setdefault(kind, []).append((language, line.replace("\\n", "\n")))
    return found


REPLIES = replies()


@pytest.mark.parametrize(
    ("kind", "language", "text"),
    [(kind, *reply) for kind in REPLIES if kind != "none" for reply in REPLIES[kind]],
)
def test_plain_words_are_understood(kind: str, language: str, text: str) -> None:
    """Alone or in a sentence, and whatever the mail's language was taken for."""
    assert understood(text, language).kind == kind
    assert understood(text).kind == kind


@pytest.mark.parametrize(("language", "text"), REPLIES["none"])
def test_what_is_no_plain_command_is_a_comment(language: str, text: str) -> None:
    """Questions, negations, conditions, doubts, parts, quotes, other people's deeds, contradictions."""
    assert understood(text, language).kind == "none"
    assert understood(text).kind == "none"


@pytest.mark.parametrize("text", ["", " \n\n ", "yes", "No.", "It's fine", "OK?", "\n>\n"])
def test_what_says_next_to_nothing_asks_for_nothing(text: str) -> None:
    """Agreement is at most thanks."""
    assert understood(text).kind in ("none", "thanks")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("eta 30 min", "2026-09-09T10:30"),
        ("ETA: 30 minutes", "2026-09-09T10:30"),
        ("eta 2h", "2026-09-09T12:00"),
        ("ETA 1h30", "2026-09-09T11:30"),
        ("eta tomorrow 10:00", "2026-09-10T10:00"),
        ("ETA Monday, 10:00", "2026-09-14T10:00"),
        ("eta is friday", "2026-09-11T17:00"),
        ("I'll be there in 30 minutes", "2026-09-09T10:30"),
        ("I'll be there at 3 pm. Thanks", "2026-09-09T15:00"),
        ("I'll be there at 15:30. Thanks", "2026-09-09T15:30"),
        ("I'm coming tomorrow morning", "2026-09-10T12:00"),
        ("It will be done by Friday", "2026-09-11T17:00"),
        ("Will be fixed tomorrow at noon", "2026-09-10T12:00"),
        ("I'll do it tomorrow", "2026-09-10T17:00"),
        ("I take it, ETA 30 min", "2026-09-09T10:30"),
        ("I'll take it. Will be done tomorrow.", "2026-09-10T17:00"),
        ("take\neta 45 min", "2026-09-09T10:45"),
        ("Hi Anna,\n\nI'll be there in half an hour.\n\nBob", "2026-09-09T10:30"),
        ("done by 12 September", "2026-09-12T17:00"),
        ("J'arrive dans 30 minutes", "2026-09-09T10:30"),
        ("Je serai là à 14h30", "2026-09-09T14:30"),
        ("Je passe demain matin", "2026-09-10T12:00"),
        ("Ce sera fait demain", "2026-09-10T17:00"),
        ("Ce sera réparé d'ici vendredi, merci", "2026-09-11T17:00"),
        ("je m'en occupe demain", "2026-09-10T17:00"),
        ("prévu pour lundi 14h", "2026-09-14T14:00"),
        ("Ich bin in 30 Minuten da", "2026-09-09T10:30"),
        ("Bin um 14 Uhr vor Ort", "2026-09-09T14:00"),
        ("Ich komme morgen früh vorbei", "2026-09-10T12:00"),
        ("Bis Freitag erledigt", "2026-09-11T17:00"),
        ("Wird morgen erledigt", "2026-09-10T17:00"),
        ("Das mache ich morgen", "2026-09-10T17:00"),
        ("Ist am 12. September fertig", "2026-09-12T17:00"),
        ("Llego en 30 minutos", "2026-09-09T10:30"),
        ("Estaré allí a las 15:00", "2026-09-09T15:00"),
        ("Estará listo mañana", "2026-09-10T17:00"),
        ("Lo hago mañana por la mañana", "2026-09-10T12:00"),
        ("Me encargo el lunes", "2026-09-14T17:00"),
        ("Be there in 20", "2026-09-09T10:20"),
        ("On my way, be there in 45. Thanks", "2026-09-09T10:45"),
        ("J'arrive dans 20", "2026-09-09T10:20"),
        ("Bin in 20 da", "2026-09-09T10:20"),
        ("Llego en 20", "2026-09-09T10:20"),
        ("Voy para allá mañana", "2026-09-10T17:00"),
        ("Ready in 2 hours", "2026-09-09T12:00"),
        ("Fini d'ici 2 heures", "2026-09-09T12:00"),
        ("Réparé dans 30 minutes", "2026-09-09T10:30"),
        ("Listo en 2 horas", "2026-09-09T12:00"),
    ],
)
def test_when_it_will_be_done_is_understood(text: str, at: str) -> None:
    """A time from now, a time of the day, or a day (its end), in the zone of the team."""
    assert understood(text) == Understood("eta", at=paris(at), zone="Europe/Paris")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("wait", None),
        ("Please wait until Monday", "2026-09-14T08:00"),
        ("wait until monday", "2026-09-14T08:00"),
        ("on hold until 12 September", "2026-09-12T08:00"),
        ("wait 2 days", "2026-09-11T10:00"),
        ("wait until tomorrow 14:00, thanks", "2026-09-10T14:00"),
        ("I'll take it, on hold until next week", "2026-09-14T08:00"),
        ("Waiting for the spare part", None),
        ("Waiting for parts until Friday", "2026-09-11T08:00"),
        ("I'm still waiting for the part until monday 10:00", "2026-09-14T10:00"),
        ("J'attends les pièces jusqu'à vendredi", "2026-09-11T08:00"),
        ("Warte auf Ersatzteile bis Freitag", "2026-09-11T08:00"),
        ("Wir warten bis Freitag auf die Teile", "2026-09-11T08:00"),
        ("Esperando piezas hasta el viernes", "2026-09-11T08:00"),
        ("en attente", None),
        ("Attendre jusqu'à lundi", "2026-09-14T08:00"),
        ("en attente des pièces", None),
        ("Mettre en attente jusqu'à demain", "2026-09-10T08:00"),
        ("Bitte warten bis Montag", "2026-09-14T08:00"),
        ("Warte noch auf das Ersatzteil", None),
        ("Wiedervorlage nächste Woche", "2026-09-14T08:00"),
        ("esperar hasta el lunes", "2026-09-14T08:00"),
        ("En espera de repuestos", None),
        ("en espera", None),
    ],
)
def test_waiting_is_understood(text: str, at: str | None) -> None:
    """Until an instant (the beginning of a day), or until somebody goes on."""
    assert understood(text) == Understood("wait", at=paris(at) if at else None, zone="Europe/Paris")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("assign colleague@organization.com", "colleague@organization.com"),
        ("Please assign this to colleague@organization.com. Thanks!", "colleague@organization.com"),
        ("assign to Bob", "Bob"),
        ("Assign it to Élodie Martin please", "Élodie Martin"),
        ("assign: bob@x.example", "bob@x.example"),
        ("Assign to <bob@x.example>", "bob@x.example"),
        ("assign to bob@x.example <mailto:bob@x.example>", "bob@x.example"),
        ("assign to someone else", None),
        ("Merci d'assigner à Paul", "Paul"),
        ("assigner à paul@x.example", "paul@x.example"),
        ("à assigner au service technique", "service technique"),
        ("Bitte an bob@x.example zuweisen", "bob@x.example"),
        ("zuweisen an Bob", "Bob"),
        ("asignar a pablo@x.example", "pablo@x.example"),
        ("Por favor, asignar a Pablo", "Pablo"),
    ],
)
def test_assigning_is_understood(text: str, who: str | None) -> None:
    """An address or a name as it was written; nobody in particular is nobody."""
    assert understood(text) == Understood("assign", who=who, zone="Europe/Paris")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("not mine", None),
        ("Not mine, try it@organization.com", "it@organization.com"),
        ("not mine - try it@organization.com.", "it@organization.com"),
        ("This is not for us. Please send it to it@organization.com", "it@organization.com"),
        ("Hi,\n\nthis isn't ours.\nIt belongs to IT\n\nBob", "IT"),
        ("It's not my job, ask Bob", "Bob"),
        ("wrong department", None),
        ("Not mine, assign to bob@x.example", "bob@x.example"),
        ("Ce n'est pas pour moi, essayez info@x.example", "info@x.example"),
        ("Pas pour nous", None),
        ("Not us, but it@organization.com", "it@organization.com"),
        ("Ce n'est pas nous, mais it@organization.com", "it@organization.com"),
        ("Ce n'est pas pour nous mais pour it@organization.com, merci", "it@organization.com"),
        ("Falsch hier, bitte it@organization.com", "it@organization.com"),
        ("Das sind nicht wir, sondern it@organization.com", "it@organization.com"),
        ("No somos nosotros, sino it@organization.com", "it@organization.com"),
        ("Ce n'est pas mon service, voyez avec la DSI", "la DSI"),
        ("Cela ne nous concerne pas.", None),
        ("Nicht meins", None),
        ("Das ist nicht unsere Aufgabe, bitte an it@x.example", "it@x.example"),
        ("Ich bin dafür nicht zuständig", None),
        ("Falsche Abteilung, zuständig ist die IT", "die IT"),
        ("No es para mí, prueba con it@x.example", "it@x.example"),
        ("No me corresponde", None),
        ("Esto no es mío", None),
    ],
)
def test_not_mine_is_understood(text: str, who: str | None) -> None:
    """With whom to try, where that is said."""
    assert understood(text) == Understood("not_mine", who=who, zone="Europe/Paris")


# ---------------------------------------------------------------- where it stands


def test_a_command_counts_in_the_first_and_last_line_of_a_long_text() -> None:
    """People say it first, or last before their name."""
    assert understood(f"Done.\n\n{STORY}").kind == "done"
    assert understood(f"Hi Anna,\n\nI'll take it.\n\n{STORY}").kind == "take"
    assert understood(f"{STORY}\n\nIt's done now.\n\nBest regards\nBob Smith").kind == "done"


def test_a_command_counts_on_a_line_of_its_own_in_a_long_text() -> None:
    """Nobody writes a word on its own line by accident."""
    assert understood(f"{STORY}\ntake\n{STORY}").kind == "take"


def test_words_in_the_middle_of_a_long_text_are_a_story() -> None:
    """What was done in spring is no command."""
    assert understood(STORY).kind == "none"
    assert understood(f"{STORY} It's done. I take it. {STORY}").kind == "none"
    assert understood(f"Dear all,\n{STORY}\nHe said a lot. It's done. Then he left.\n{STORY}").kind == "none"


def test_what_somebody_else_said_does_not_count() -> None:
    """Words in quotation marks and quoted lines are not the author's."""
    for text in (
        'He wrote: "it\'s done"',
        "On the page it says, 'I take it'.",
        "Il a écrit « c'est fait »",
        "> done\nSee above",
        "Er schrieb „erledigt“ dazu",
    ):
        assert understood(text).kind == "none"


def test_an_eta_that_can_not_be_read_is_asked_back() -> None:
    """It was meant as one, so silence would be wrong."""
    assert understood("eta 30 foo") == Understood("eta")
    assert understood("ETA 25:70") == Understood("eta")


def test_a_time_that_is_over_or_years_away_is_no_time() -> None:
    """Nobody can be there yesterday, nor is a promise for 2040 one."""
    assert understood("I'll be there on 2026-09-01").kind == "none"
    assert understood("it will be done by 2040-01-01").kind == "none"


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    ("text", "kind", "wrong"),
    [
        ("wait until 2020-01-01", "wait", "over"),
        ("wait until 0001-01-01", "wait", "over"),
        ("wait until 5 March, 2020", "wait", "over"),
        ("attendre jusqu'au 01/01/2020", "wait", "over"),
        ("wait until 9999-12-31", "wait", "far"),
        ("warten bis 31.12.2040", "wait", "far"),
        ("wait 9999 weeks", "wait", "far"),
        ("wait 99999999 days", "wait", "far"),
        ("wait until 2027-02-31", "wait", "no_day"),
        ("eta 2020-01-01", "eta", "over"),
        ("eta 9999-12-31 23:59", "eta", "far"),
        ("eta 31 june", "eta", "no_day"),
    ],
)
def test_a_command_whose_time_can_not_be_meant_says_what_is_wrong_with_it(
    text: str, kind: str, wrong: str, zone: str
) -> None:
    found = understand(text, now=NOW, zone=zone)
    assert (found.kind, found.at, found.wrong) == (kind, None, wrong)


def test_what_tells_of_a_day_that_is_over_is_no_command() -> None:
    for text in ("hecho el 5 de marzo de 2020", "We waited until 2020-01-01", "done before 2020-01-01"):
        assert understood(text).kind == "none"


def test_a_wait_of_some_years_is_understood() -> None:
    assert understood("wait until 2030-01-01").at == paris("2030-01-01T08:00")
    assert understood("wait 20000 min").at == NOW + timedelta(minutes=20_000)


@pytest.mark.parametrize(
    ("text", "edge", "at"),
    [
        ("demain", "end", "2026-09-10T17:00"),
        ("Demain", "start", "2026-09-10T08:00"),
        ("lundi", "start", "2026-09-14T08:00"),
        ("1 mois", "start", "2026-10-09T10:00"),
        ("tomorrow, 14:00", "end", "2026-09-10T14:00"),
        ("eta demain 14h", "end", "2026-09-10T14:00"),
        ("wait until monday", "start", "2026-09-14T08:00"),
        ("jusqu’à lundi", "start", "2026-09-14T08:00"),
        ("30 min", "end", "2026-09-09T10:30"),
        ("2026-09-12 09:30", "end", "2026-09-12T09:30"),
    ],
)
def test_a_time_alone_is_understood_as_a_reply_has_it(text: str, edge: Edge, at: str) -> None:
    for language in ("", "en", "fr"):
        assert understand_time(text, now=NOW, zone="Europe/Paris", edge=edge, language=language) == paris(at)


@pytest.mark.parametrize(
    ("text", "found"),
    [("2020-01-01", "over"), ("eta 2020-01-01", "over"), ("soonish", None), ("done", None), ("", None)],
)
def test_what_is_no_time_is_none(text: str, found: str | None) -> None:
    assert understand_time(text, now=NOW, zone="Europe/Paris", edge="end") == found


def test_a_date_that_two_people_read_in_two_ways_is_unclear_in_english() -> None:
    """09/10 is 9 October in Paris and September 10 in Chicago."""
    assert understood("eta 09/10", "en") == Understood("eta")
    assert understood("eta 09/10", "fr").at == paris("2026-10-09T17:00")
    assert understood("eta 25/10", "en").at == paris("2026-10-25T17:00")


def test_times_are_those_of_the_zone() -> None:
    """Three in the afternoon in New York is nine in the evening in Paris."""
    found = understand("eta 3 pm", now=NOW, zone="America/New_York")

    assert found.at == datetime(2026, 9, 9, 19, 0, tzinfo=UTC)


# ---------------------------------------------------------------- what is said back


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The task waits until Monday 14 September 2026, 08:00."),
        ("fr", "La tâche attend jusqu'au lundi 14 septembre 2026 à 08:00."),
        ("de", "Die Aufgabe wartet bis Montag, 14. September 2026, 08:00 Uhr."),
        ("es", "La tarea espera hasta el lunes 14 de septiembre de 2026, 08:00."),
        ("it", "The task waits until Monday 14 September 2026, 08:00."),
    ],
)
def test_what_was_understood_is_said_in_the_reader_s_language(language: str, words: str) -> None:
    """With the instant as people there write it; English where the language is none of ours."""
    assert said(understood("wait until monday"), language) == words


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_every_command_can_be_said_in_every_language(language: str) -> None:
    """Each kind has its own sentence, and names the person where there is one."""
    texts = [
        "take",
        "eta 1h",
        "wait",
        "wait 1h",
        "assign a@b.example",
        "done",
        "escalate",
        "not mine",
        "undo",
        "thanks",
        "hm",
    ]
    sentences = {said(understood(text), language) for text in texts}

    assert len(sentences) == len(texts)
    assert "a@b.example" in said(understood("assign a@b.example"), language)
    assert "it@b.example" in said(understood("not mine, try it@b.example"), language)


# ---------------------------------------------------------------- what always holds

WORDS = st.sampled_from(
    "done not take it eta 30 min tomorrow until wait assign to a@b.example mine is the pas fait je m'en occupe erledigt nicht "
    "listo no ? . , ! \n \" « » and 12. September 14h30 \u00a0 \ue000 @0 @ 99999999999999999999 '".split(" ")
)
TEXTS = st.one_of(st.text(), st.lists(WORDS, max_size=60).map(" ".join))


@given(TEXTS, st.sampled_from(["", "en", "fr", "de", "es", "xx"]))
def test_no_text_is_too_strange(text: str, language: str) -> None:
    """Never an exception; the instant is ahead and can be said, the person is one that the text names."""
    found = understood(text, language)

    assert found.at is None or NOW < found.at <= NOW + timedelta(days=732)
    assert found.who is None or found.who.split()[0] in text
    assert all(said(found, to) for to in ("en", "fr", "de", "es"))


@given(TEXTS)
def test_the_same_text_always_means_the_same(text: str) -> None:
    """Neither white space around it nor a second reading changes it."""
    assert understood(text) == understood(f"\n  {text}\n\n")


@given(st.lists(st.text("qwxzkj", min_size=3, max_size=9), min_size=1, max_size=40).map(" ".join))
def test_unknown_words_are_a_comment(text: str) -> None:
    """What is no language at all asks for nothing."""
    assert understood(text).kind == "none"


@given(st.sampled_from([t for _, t in REPLIES["done"] + REPLIES["take"]]))
def test_a_question_is_never_a_command(text: str) -> None:
    """The same words with a question mark ask."""
    asked = "\n".join(f"{line.replace('.', ' ?').replace('!', ' ?')} ?" for line in text.splitlines())

    assert understood(asked).kind == "none"


@pytest.mark.parametrize(
    "part",
    [
        "done, ",
        "it's done and ",
        "wait until ",
        '"',
        "« ",
        "a@",
        "@",
        "ok ",
        "eta 1 ",
        "thanks\n",
        "1:",
        "<mailto:",
    ],
)
def test_long_texts_are_read_as_well(part: str) -> None:
    """A megabyte of one thing comes to an end (only its beginning is looked at)."""
    assert understood(part * (1_000_000 // len(part))).kind in ("none", "thanks", "done", "eta")


LETTERS = Path(__file__).parents[3] / "src" / "orgo" / "outbox" / "letters"
OFFERS = re.compile(r"(?:first line may say|première ligne peut dire)\s*:\s*(.+)\.$", re.MULTILINE)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_word_that_a_letter_offers_is_understood(language: str) -> None:
    found = {file.stem: OFFERS.search(file.read_text("utf-8")) for file in (LETTERS / language).glob("*.txt")}
    offered = {word for match in found.values() if match for word in match[1].split(", ")}
    assert {name for name, match in found.items() if match} == {"opened", "assigned", "escalated"}

    kinds = {
        word: understood(word.replace("name@...", "anna@city.example"), language).kind for word in offered
    }
    assert set(kinds.values()) >= {"take", "eta", "wait", "not_mine", "done"}, kinds
    assert not {"none", "thanks"} & set(kinds.values()), kinds
