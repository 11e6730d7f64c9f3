"""What a reply by mail asks for: plain commands in four languages, and all that must stay a comment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.task.reply import Understood, said, understand

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 9, 9, 10, 0, tzinfo=PARIS)  # a Wednesday
STORY = (
    "We went to the school this morning and looked at the pump together with the caretaker. The old seal was broken, "
    "so water came into the corridor and under the door of the library. He told us that the same thing happened in "
    "spring and that the repair was done then by the other company. We have ordered a new seal and will bring it."
)


def understood(text: str, language: str = "") -> Understood:
    return understand(text, now=NOW, zone="Europe/Paris", language=language)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


DONE = {
    "en": [
        "done", "Done.", "DONE!", "done ✅", "Done, thanks", "It's done, thanks", "It is done now.", "That's done!", "all done",
        "fixed", "Fixed now", "finished", "This is fixed.", "It has been repaired.", "I'm done", "We are finished.",
        "I fixed it", "I've fixed it this morning", "We have repaired it", "I have fixed the leak.", "The leak is fixed",
        "The water pump in room 3 has been repaired", "The problem is solved", "Everything is done, thanks", "Job done",
        "Please close the ticket", "You can close it", "Hi Anna,\n\nit's done.\n\nBest regards\nBob", "Hello, done",
        "OK, done", "Done. Thanks for the quick help!", "I replaced the valve and it's done", "It works again, thank you!",
        "Done, replaced the valve in the kitchen.", "resolved", "Status: done", "> is it done?\ndone", "\"done\"",
        "Done.\n\nSent from my iPhone", "- done", "Yes, it's done", "No problem, it's done.", "It’s done",
        "I replaced the seal. It's done now. Please do not use the tap before noon.",
    ],
    "fr": [
        "fait", "C'est fait", "c’est fait !", "C'est fait, merci", "Voilà, c'est fait.", "Terminé", "C'est réglé", "réparé",
        "C'est réparé maintenant.", "J'ai terminé", "Je l'ai fait ce matin", "Nous l'avons réparé", "J'ai réparé la fuite",
        "La fuite est réparée.", "Le problème est résolu, merci", "L'ampoule a été réparée", "Tout est fait",
        "Bonjour,\nc'est fait.\nCordialement,\nPaul", "Vous pouvez clôturer", "Le ticket est réglé", "Ça remarche, merci !",
        "J'ai changé le joint et c'est réparé", "Oui, c'est fait", "Travail terminé",
    ],
    "de": [
        "erledigt", "Erledigt!", "Ist erledigt, danke", "Das ist erledigt.", "fertig", "Alles erledigt", "behoben",
        "Das Problem ist behoben.", "Ich habe es repariert", "Habe es erledigt", "Die Pumpe wurde repariert", "Wurde bereits erledigt",
        "Hallo Anna,\n\nist erledigt.\n\nViele Grüße\nBob", "Kann geschlossen werden", "Es funktioniert wieder, vielen Dank",
        "Problem gelöst", "Wir sind fertig", "Die Dichtung ist neu, und alles ist erledigt", "Ja, erledigt",
    ],
    "es": [
        "listo", "¡Listo!", "Ya está", "Ya está hecho, gracias", "hecho", "Está arreglado", "terminado", "Ya lo he hecho",
        "Ya lo arreglé", "El problema está resuelto", "He reparado la bomba", "La fuga está reparada", "Sí, listo", "Todo listo",
        "Hola Ana:\n\nya está listo.\n\nSaludos\nPablo", "Ya funciona, gracias", "Se puede cerrar", "solucionado",
    ],
}  # fmt: skip
TAKE = {
    "en": [
        "take", "I take it", "I'll take it", "I'll take this one.", "I will take care of it", "I'm on it", "On it!", "mine",
        "Working on it", "We're working on it", "I'll look into it", "I'll have a look tomorrow", "OK, I'll handle this",
        "Let me take this", "I'll do it", "assign to me", "Please assign it to me", "Hi, I'm on it. Thanks", "accepted",
        "We'll deal with it", "On my way", "I'm currently looking into it", "I've got it", "that's mine",
    ],
    "fr": [
        "je m'en occupe", "Je m’en occupe !", "Je prends", "Je le prends en charge", "Pris en charge", "On s'en occupe",
        "Nous nous en occupons", "Bonjour, je m'en charge.", "Je vais m'en occuper", "Je prends la demande", "Je suis dessus",
        "J'arrive", "Je m'en occupe tout de suite, merci",
    ],
    "de": [
        "Ich kümmere mich darum", "Ich kuemmere mich drum.", "Übernehme ich", "Ich übernehme das", "ich übernehme", "Mache ich",
        "Wir kümmern uns darum", "Bin dran", "Ich bin schon dran", "Ich schaue mir das an", "Ich mach das", "Bin unterwegs",
    ],
    "es": ["Me encargo", "Yo me encargo", "Me encargo yo", "Lo tomo yo", "Me ocupo", "Nos encargamos", "Estoy en ello", "Voy a mirarlo"],
}  # fmt: skip
ESCALATE = {
    "en": ["escalate", "Please escalate", "escalate this please", "I want to escalate this", "This needs to be escalated"],
    "fr": ["escalader", "Merci d'escalader", "Veuillez escalader cette demande", "Je veux escalader", "à escalader"],
    "de": ["eskalieren", "Bitte eskalieren", "Bitte eskalieren Sie das", "Ich möchte das eskalieren"],
    "es": ["escalar", "Por favor escalar", "Hay que escalarlo", "Quiero escalar esto"],
}
UNDO = {
    "en": ["undo", "Undo!", "Please undo", "undo that please", "I was too fast. Undo"],
    "fr": ["annuler", "Annulez", "Merci d'annuler", "annuler ça"],
    "de": ["rückgängig", "Bitte rückgängig machen", "ruckgängig machen, danke", "widerrufen"],
    "es": ["deshacer", "anular", "Por favor, deshacer"],
}
THANKS = {
    "en": [
        "Thanks", "Thank you very much!", "Thanks a lot, Bob", "Great, thanks!", "OK", "Perfect, thank you.\n\nAnna Smith",
        "Many thanks for your quick help", "Thank you for fixing it so quickly!", "👍", "Hi Bob,\n\nthank you!\n\nBest regards,\nAnna",
        "Noted, thanks", "Got it, thanks", "Thanks for everything",
    ],
    "fr": ["Merci", "Merci beaucoup !", "Parfait, merci", "Un grand merci pour votre aide", "Bonjour,\nmerci beaucoup.\nBonne journée", "D'accord", "Super"],
    "de": ["Danke", "Vielen Dank!", "Danke schön", "Super, danke", "Vielen Dank für die schnelle Hilfe\n\nMit freundlichen Grüßen\nAnna Schmidt", "Alles klar"],
    "es": ["Gracias", "¡Muchas gracias!", "Perfecto, gracias", "Vale", "Gracias por su ayuda", "Mil gracias. Saludos"],
}  # fmt: skip
NOTHING = {
    "en": [
        "", "   \n\n", "not done yet", "It's not done.", "It isn't done", "when will this be done?", "is it done?", "Is it done", "Done?",
        "Can you take it?", "Have you fixed it?", "Could you take care of it?", "Almost done", "It's nearly fixed", "half done",
        "The first part is done, the rest is not", "Done, but the light still flickers", "Done. But the light still flickers.",
        "Done. Well, except for the cellar", "If the part comes, I'll take it", "Tell me when it's done", "Once it is fixed, done.",
        "I'd like it fixed and done", "It should be done", "It must be done", "Please get this done", "Well, it needs to be done",
        "I never said it's done", "I don't think it's done", "I can't take it", "I won't take it", "We can't fix it", "Do not escalate",
        "Don't close it", "please do not undo this", "Maybe it's done", "Perhaps I'll take it", "The meeting is done",
        "My colleague will take it", "He takes it", "You take it", "Who takes it?", "Take your time", "Take the stairs",
        'Reply with "done" to close it', "It says 'done' on the page", "Nothing to be done", "I am waiting for your answer",
        "The report is attached.", "We have done a lot for you", "eta?", "What is the ETA?", "ETA please", "I'll be there soon",
        "wait a minute, this is wrong", "Wait and see", "Thanks, but it still leaks", "Thank you. It is leaking again.",
        "Thanks in advance for fixing it again", "Thanks. When will you come?", "OK?", "The pump is broken", "Room 102",
        "take eta done", "This is not mine. I'll take it.", "done\nundo", "eta friday\neta monday", "Not mine?", "Is this not mine?",
        "undo the screws", "Done deal, said the man with the hat", "it works now but slowly", "Hello", "Bob", "It was done by the other company in spring, but it leaks",
        "escalate? no", "I would escalate this", "It's fine", "No.", "yes",
    ],
    "fr": [
        "pas encore fait", "Ce n'est pas fait", "C'est pas encore fini", "C'est fait ?", "Quand est-ce que ce sera fait ?", "Presque terminé",
        "Si c'est fait, dites-le moi", "Dès que c'est réparé, je m'en occupe", "Je ne m'en occupe pas", "Qui s'en occupe ?",
        "Vous pouvez vous en occuper ?", "C'est fait mais ça fuit encore", "Il faut que ce soit fait", "Le reste est à faire",
        "Merci, mais ça fuit toujours", "Merci de réparer vite", "C'est peut-être réparé", "Bonjour", "Répondez « fait » pour clore",
        "Je n'ai pas terminé", "Rien n'est fait", "Merci d'avance de votre réponse", "à moi de voir",
    ],
    "de": [
        "noch nicht erledigt", "Ist nicht fertig", "Ist das erledigt?", "Wann ist es fertig?", "Fast fertig", "Wenn es erledigt ist, melden",
        "Sobald es repariert ist, übernehme ich", "Ich übernehme das nicht", "Wer kümmert sich darum?", "Können Sie das übernehmen?",
        "Erledigt, aber es tropft noch", "Das muss erledigt werden", "Bitte noch heute erledigen", "Danke, aber es tropft noch",
        "Vielen Dank. Die Heizung ist wieder kalt.", "Leider kaputt", "Ich bin nicht fertig", "Hallo", "Antworten Sie mit „erledigt“",
    ],
    "es": [
        "aún no está listo", "No está hecho", "¿Está listo?", "¿Ya está?", "Todavía no", "Casi listo", "Cuando esté listo, avise",
        "Si está hecho, dígame", "No me encargo", "¿Quién se encarga?", "Listo, pero sigue goteando", "Hay que hacerlo hoy",
        "Gracias, pero sigue roto", "Hola", "Responda «listo»", "no, listo no",
    ],
}  # fmt: skip


def cases(by_language: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(language, text) for language, texts in by_language.items() for text in texts]


@pytest.mark.parametrize(("language", "text"), cases(DONE))
def test_done_is_understood(language: str, text: str) -> None:
    """Alone or in a sentence, and whatever the mail's language was taken for."""
    assert understood(text, language).kind == "done"
    assert understood(text).kind == "done"


@pytest.mark.parametrize(("language", "text"), cases(TAKE))
def test_taking_is_understood(language: str, text: str) -> None:
    """Whoever says so has the task in hand."""
    assert understood(text, language).kind == "take"
    assert understood(text).kind == "take"


@pytest.mark.parametrize(("language", "text"), cases(ESCALATE))
def test_escalating_is_understood(language: str, text: str) -> None:
    """A person may ask for the next level."""
    assert understood(text, language).kind == understood(text).kind == "escalate"


@pytest.mark.parametrize(("language", "text"), cases(UNDO))
def test_taking_back_is_understood(language: str, text: str) -> None:
    """The word that our letters name works in each language."""
    assert understood(text, language).kind == understood(text).kind == "undo"


@pytest.mark.parametrize(("language", "text"), cases(THANKS))
def test_thanks_alone_are_thanks(language: str, text: str) -> None:
    """They reopen nothing."""
    assert understood(text, language).kind == understood(text).kind == "thanks"


@pytest.mark.parametrize(("language", "text"), cases(NOTHING))
def test_what_is_no_plain_command_is_a_comment(language: str, text: str) -> None:
    """Questions, negations, conditions, doubts, parts, quotes, other people's deeds, contradictions."""
    kinds = {understood(text, language).kind, understood(text).kind}

    assert kinds <= {"none", "thanks"} if text in ("OK?", "yes", "No.", "It's fine") else kinds == {"none"}


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
    for text in ('He wrote "it\'s done"', "Il a écrit « c'est fait »", "> done\nSee above", "Er schrieb „erledigt“ dazu"):
        assert understood(text).kind == "none"


def test_an_eta_that_can_not_be_read_is_asked_back() -> None:
    """It was meant as one, so silence would be wrong."""
    assert understood("eta 30 foo") == Understood("eta")
    assert understood("ETA 25:70") == Understood("eta")


def test_a_time_that_is_over_or_years_away_is_no_time() -> None:
    """Nobody can be there yesterday, nor is a promise for 2040 one."""
    assert understood("I'll be there on 2026-09-01").kind == "none"
    assert understood("it will be done by 2040-01-01").kind == "none"


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
    texts = ["take", "eta 1h", "wait", "wait 1h", "assign a@b.example", "done", "escalate", "not mine", "undo", "thanks", "hm"]
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


@given(st.sampled_from([t for _, t in cases(DONE) + cases(TAKE)]))
def test_a_question_is_never_a_command(text: str) -> None:
    """The same words with a question mark ask."""
    asked = "\n".join(f"{line.replace('.', ' ?').replace('!', ' ?')} ?" for line in text.splitlines())

    assert understood(asked).kind == "none"


@pytest.mark.parametrize("part", ["done, ", "it's done and ", "wait until ", '"', "« ", "a@", "@", "ok ", "eta 1 ", "thanks\n", "1:", "<mailto:"])
def test_long_texts_are_read_as_well(part: str) -> None:
    """A megabyte of one thing comes to an end (only its beginning is looked at)."""
    assert understood(part * (1_000_000 // len(part))).kind in ("none", "thanks", "done", "eta")
