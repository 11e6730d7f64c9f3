"""A clerk's day on the page: signing in, three panes, taking, answering, done; who sees what; keys, width, dark."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.office import PASS, Office, text_of

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]
Enter = Callable[[str], None]


def test_a_mail_arrives_is_answered_from_the_page_the_answers_answer_arrives_done(
    page: Any, sign_in: Enter, office: Office
) -> None:
    office.mail("clara@people.example", "Water leak in Room 102", headers={"Authentication-Results": PASS})
    sign_in("anna@city.example")
    page.get_by_role("link", name="Water leak in Room 102").click()
    page.get_by_role("button", name="I take it").click()
    page.wait_for_selector("text=It is yours now.")

    page.locator("#answer").fill("We are on our way. Is the door open?")
    page.get_by_role("button", name="Send the answer").click()
    page.wait_for_selector("text=Your answer is on its way.")
    office.settle()
    letter = office.letters("clara@people.example")[-1]
    assert "Is the door open?" in text_of(letter) and letter["Auto-Submitted"] is None

    office.answer("clara@people.example", "Yes, the door is open.")
    page.reload()
    assert page.locator(".conversation").inner_text().count("the door is open") >= 1
    page.get_by_role("button", name="Done").click()
    page.wait_for_selector("text=Done. The requester will be told.")
    office.later(seconds=10)

    assert office.task().state == "completed"
    assert "is done" in text_of(office.letters("clara@people.example")[-1])


def test_the_same_by_keys_alone(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="First leak")
    office.mail(subject="Second leak")
    sign_in("anna@city.example")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-task]")
    page.keyboard.press("a")
    page.wait_for_selector("text=It is yours now.")
    office.clock.advance(minutes=1)
    page.keyboard.press("n")
    page.keyboard.type("Bring the long ladder")
    assert page.evaluate("document.activeElement.id") == "note"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep the note").click()
    page.wait_for_selector("text=Your note is kept.")
    office.clock.advance(minutes=1)
    page.keyboard.press("e")
    page.wait_for_selector("text=Done. The requester will be told.")
    page.keyboard.press("z")
    page.wait_for_selector("text=Your last step was taken back.")
    page.keyboard.press("/")

    assert page.evaluate("document.activeElement.id") == "q"
    assert office.task(re.search(r"/tasks/(\w+)", page.url)[1]).state == "in_progress"  # type: ignore[index]


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
@pytest.mark.parametrize(
    ("field", "said"), [("answer", "Your answer is on its way."), ("note", "Your note is kept.")]
)
def test_what_is_being_written_is_sent_by_keys(
    page: Any, sign_in: Enter, office: Office, keys: str, field: str, said: str
) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    sign_in("anna@city.example")
    page.goto(f"/tasks/{office.task().reference}")
    page.locator(f"#{field}").fill("We come at noon.")
    page.keyboard.press("Enter")
    page.keyboard.type("jkaez/?")
    assert page.locator(f"#{field}").input_value() == "We come at noon.\njkaez/?"
    assert (office.task().assignee, page.locator(".toast, dialog[open]").count()) == ("", 0)
    page.keyboard.press(keys)

    page.wait_for_selector(f"text={said}")
    assert page.locator(".conversation").inner_text().count("jkaez/?") == 1


def test_where_there_is_nothing_to_undo_its_key_says_so_once(
    page: Any, sign_in: Enter, office: Office
) -> None:
    office.mail()
    sign_in("anna@city.example")
    page.goto(f"/tasks/{office.task().reference}")
    page.keyboard.press("z")
    page.keyboard.press("z")

    page.wait_for_selector("#toasts >> text=There is nothing to undo.")
    assert page.locator(".toast").count() == 1


def test_a_step_leaves_the_reader_in_the_queue_it_began_in(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="First leak")
    sign_in("anna@city.example")
    page.get_by_role("link", name="Nobody's yet").click()
    page.locator("[data-row]").first.click()
    for key, said in (("a", "It is yours now."), ("z", "Your last step was taken back.")):
        page.wait_for_selector("[data-task]")
        page.keyboard.press(key)
        page.wait_for_selector(f"text={said}")
        assert page.locator(".queues [aria-current]").inner_text().startswith("Nobody's yet")


def test_words_outlive_the_session_and_another_task_and_go_when_they_are_sent(
    page: Any, sign_in: Enter, office: Office
) -> None:
    from orgo.people.models import User

    user = User.objects.get(address="anna@city.example")
    user.set_password("correct horse battery")
    user.save()
    office.mail(subject="First leak")
    first = f"/tasks/{office.task().reference}?queue=team"
    office.mail(subject="Second leak")
    sign_in("anna@city.example")
    page.goto(first)
    page.locator("#answer").fill("We come at noon.")
    page.get_by_role("link", name="Second leak").click()
    page.wait_for_selector("h2:has-text('Second leak')")
    assert page.locator("#answer").input_value() == ""
    page.get_by_role("link", name="First leak").click()
    page.wait_for_selector("h2:has-text('First leak')")
    assert page.locator("#answer").input_value() == "We come at noon."

    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "orgo")
    page.context.clear_cookies(name=session["name"])
    page.get_by_role("button", name="Send the answer").click()
    page.fill("#address", "anna@city.example")
    page.fill("#password", "correct horse battery")
    page.click("button.main")
    page.wait_for_selector("h2:has-text('First leak')")
    assert page.locator("#answer").input_value() == "We come at noon." and page.url.endswith(first)
    page.get_by_role("button", name="Send the answer").click()
    page.wait_for_selector("text=Your answer is on its way.")
    page.reload()
    assert page.locator("#answer").input_value() == ""


def test_a_page_whose_session_ended_says_so(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="First leak")
    sign_in("anna@city.example")
    page.context.clear_cookies(name="orgo")
    page.evaluate("htmx.trigger('#news', 'anew')")

    page.get_by_role("link", name="You are signed out.").wait_for()
    assert page.locator("#news").inner_text() == ""


def test_a_confidential_task_is_nowhere_for_others(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="Please help me", body="harassment by my superior")
    reference = office.task().reference
    sign_in("admin@city.example")

    assert "Please help me" not in page.goto("/?queue=all").text()
    assert "Please help me" not in page.goto("/?q=superior").text()
    assert page.goto(f"/?q={reference}").status == 200 and "Please help me" not in page.content()
    assert page.goto(f"/tasks/{reference}").status == page.goto("/tasks/000000").status == 404
    assert "Please help me" not in page.goto("/letters").text()
    assert page.goto("/?queue=all").ok and page.locator(".queues b").all_inner_texts()[-1] == "0"


def test_a_sender_who_is_to_stay_unnamed_is_named_on_no_page(
    page: Any, sign_in: Enter, office: Office
) -> None:
    office.mail("clara@people.example", "Please help me", body="harassment by my superior")
    sign_in("hanna@city.example")
    page.goto(f"/tasks/{office.task().reference}")
    page.locator("#answer").fill("We will help you.")
    page.get_by_role("button", name="Send the answer").click()
    page.wait_for_selector("text=Your answer is on its way.")
    office.settle()

    for path in (f"/tasks/{office.task().reference}", "/letters"):
        assert "clara@people.example" not in page.goto(path).text(), path


def test_search_finds_words_of_the_mail_and_the_reference(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="Water leak", body="The élévateur is dripping")
    office.mail(subject="Other leak")
    sign_in("anna@city.example")

    for words in ("elevat", 'dripping" OR "x', office.task().reference.lower()):
        page.goto(f"/?q={words}")
        assert page.locator("[data-row]").count() == (0 if "OR" in words else 1), words


def test_the_letters_link_asks_before_it_acts_and_needs_no_account(page: Any, office: Office) -> None:
    office.mail()
    link = re.search(r"/tasks/\w+/take\?\S+", text_of(office.letters("ben@city.example")[0]))
    assert link is not None
    page.goto(link[0])
    assert office.task().assignee == ""
    page.get_by_role("button", name="I take it").click()
    page.wait_for_selector("text=It is yours now.")

    assert office.task().assignee == "ben@city.example"
    assert page.goto(link[0].replace("ben", "anna")).status == 404


def test_a_wrong_password_and_an_unknown_address_read_the_same_and_are_slowed(
    page: Any, office: Office
) -> None:
    from orgo.people.models import User

    user = User.objects.get(address="anna@city.example")
    user.set_password("correct horse battery")
    user.save()
    said = set()
    for address in ("anna@city.example", "nobody@city.example"):
        page.goto("/sign-in")
        page.fill("#address", address)
        page.fill("#password", "wrong")
        page.click("button.main")
        said.add(page.locator("[role=alert]").inner_text())
    assert len(said) == 1
    for _ in range(10):
        page.fill("#address", "anna@city.example")
        page.fill("#password", "wrong")
        page.click("button.main")
    assert "too many tries" in page.locator("[role=alert]").inner_text()


def test_a_dropped_mail_file_becomes_a_task(page: Any, sign_in: Enter, office: Office) -> None:
    sign_in("dora@city.example")
    data = b"From: clara@people.example\r\nSubject: A dropped question\r\n\r\nWhen are you open?\r\n"
    page.set_input_files(
        "[data-drop] input[type=file]", {"name": "q.eml", "mimeType": "message/rfc822", "buffer": data}
    )
    page.wait_for_function("fetch('/readyz').then(() => true)")
    office.until_mail(1)
    office.settle()
    page.wait_for_selector(f"#toasts >> text={office.task().reference}")

    assert office.task().title == "A dropped question"


@pytest.mark.parametrize("over", [-1, 1_000])
def test_a_dropped_file_that_is_too_large_is_refused_in_words(
    page: Any, sign_in: Enter, office: Office, over: int
) -> None:
    """Also where only the form around the file makes it so, which is refused before Django reads it."""
    office.take_at_most(1_500_000)
    sign_in("dora@city.example")
    data = b"Subject: A dropped question\r\n\r\n".ljust(1_500_000 + over, b"x")
    page.set_input_files(
        "[data-drop] input[type=file]", {"name": "q.eml", "mimeType": "message/rfc822", "buffer": data}
    )

    page.wait_for_selector("#toasts .error >> text=The file is too large: a mail has at most 1.5 MB.")
    assert office.tasks() == 0


def test_something_new_is_announced_instead_of_jumping(page: Any, sign_in: Enter, office: Office) -> None:
    office.mail(subject="First leak")
    sign_in("anna@city.example")
    assert page.locator("[data-row]").count() == 1
    office.mail(subject="Second leak")

    page.wait_for_selector("text=1 new", timeout=8000)
    assert page.locator("[data-row]").count() == 1


def test_what_came_while_the_page_was_on_its_way_is_announced(
    page: Any, sign_in: Enter, office: Office
) -> None:
    """The page asks what is new some time after it was put together, the longer the busier the machine."""
    asked: list[Any] = []

    def hold(route: Any) -> None:
        asked.append(route)

    page.route("**/live*", hold)
    office.mail(subject="First leak")
    sign_in("anna@city.example")
    while not asked:
        page.wait_for_timeout(50)
    office.mail(subject="Second leak")
    asked[0].continue_()

    page.locator("#news >> text=1 new").wait_for()
    assert page.locator("[data-row]").count() == 1


def test_counts_rows_and_the_open_task_are_shown_anew_where_they_stand(
    page: Any, sign_in: Enter, office: Office
) -> None:
    office.mail(subject="First leak")
    first = office.task().reference
    office.mail(subject="Second leak")
    sign_in("anna@city.example")
    page.goto(f"/tasks/{first}?queue=team")
    office.answer("ben@city.example", "take")
    page.locator("[data-row]", has_text="Second leak").locator("text=Ben Berg").wait_for()
    page.locator("#answer").fill("I am writing")
    office.answer("ben@city.example", "done")
    page.locator("[data-row].gone", has_text="Second leak").wait_for()
    office.mail(subject="Third leak")
    office.mail(subject="Fourth leak")

    page.locator("#queues li", has_text="My teams").locator("text=3").wait_for()
    page.locator("#news >> text=2 new").wait_for()
    assert page.locator("[data-row]").count() == 2
    assert page.locator("#answer").input_value() == "I am writing"


@pytest.mark.parametrize("reach", ["touch", "tab"])
def test_on_a_phone_a_long_title_leaves_the_buttons_on_the_first_screen(
    page: Any, sign_in: Enter, office: Office, reach: str
) -> None:
    office.mail(subject="The water leak in Room 102 drips " * 8)
    sign_in("anna@city.example")
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"/tasks/{office.task().reference}")
    take, title = page.get_by_role("button", name="I take it"), page.locator(".task-head h2")
    box = take.bounding_box()
    assert box["y"] + box["height"] <= 640
    assert title.evaluate("title => title.scrollHeight > title.clientHeight")
    assert title.get_attribute("title") == office.task().title

    title.click() if reach == "touch" else _tab_to(page, "H2")
    assert title.evaluate("title => title.scrollHeight <= title.clientHeight")


def _tab_to(page: Any, tag: str) -> None:
    """Press Tab until an element of this kind has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == tag:
            return
    raise AssertionError(f"no {tag} is reached")


def test_on_a_phone_the_chosen_queue_is_in_sight(page: Any, sign_in: Enter, office: Office) -> None:
    sign_in("anna@city.example")
    page.set_viewport_size({"width": 360, "height": 640})
    for queue in ("mine", "closed"):
        page.goto(f"/?queue={queue}")
        box = page.locator(".queues [aria-current]").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360, queue


@pytest.mark.parametrize(("count", "lines"), [("10", 1), ("999", 1), ("9999+", 2)])
def test_a_queues_count_stands_inside_its_place_in_french_too(
    page: Any, sign_in: Enter, office: Office, count: str, lines: int
) -> None:
    sign_in("sofie@school.example")
    page.set_viewport_size({"width": 1400, "height": 800})
    page.goto("/?queue=unassigned")
    chosen = page.locator(".queues [aria-current]")
    one_line = page.locator(".queues a").first.bounding_box()["height"]
    chosen.locator("b").evaluate("(b, count) => (b.textContent = count)", count)
    place, shown = chosen.bounding_box(), chosen.locator("b").bounding_box()

    assert chosen.locator("span").inner_text() == "À personne encore"
    assert shown["x"] + shown["width"] <= place["x"] + place["width"] - 8
    assert (place["height"] > one_line) == (lines > 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_axe_finds_nothing_on_any_screen(
    page: Any, sign_in: Enter, axe: Callable[[], list[str]], office: Office, scheme: str, width: int
) -> None:
    office.mail(subject="Water leak in Room 102", headers={"Authentication-Results": PASS})
    office.mail(raw=b"\r\n")
    office.answer("anna@city.example", "wait until friday")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/sign-in")
    found = {"sign-in": axe()}
    sign_in("admin@city.example")
    letter = page.request.get("/letters").text()
    first = re.search(r"/letters/\d+", letter)
    for path in (
        "/?queue=all",
        f"/tasks/{office.task().reference}",
        "/letters",
        first[0] if first else "",
        "/quarantine",
        "/ignored",
        "/mailboxes",
        "/?q=nothing",
    ):
        page.goto(path)
        found[path] = axe()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        sideways = "[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth)"
        assert width > 320 or not page.evaluate(sideways), path

    assert {path: lines for path, lines in found.items() if lines} == {}


def test_the_page_speaks_french_to_french_browsers(chromium: Any, address: str, office: Office) -> None:
    context = chromium.new_context(base_url=address, locale="fr-FR")
    page = context.new_page()
    page.goto("/sign-in")
    shown = page.content()
    context.close()

    assert "Se connecter" in shown and 'lang="fr"' in shown


def test_a_user_reads_the_page_in_their_own_language_whatever_the_browser_says(
    page: Any, sign_in: Enter, office: Office
) -> None:
    sign_in("sofie@school.example")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.context.clear_cookies()
    page.goto("/sign-in")
    assert page.locator("html").get_attribute("lang") == "en"
