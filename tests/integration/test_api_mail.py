"""`POST /api/v1/mail`: a program hands mail in with a token, and 202 means that it is on disk."""

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.office import MONDAY, PASS, written

PATH = "/api/v1/mail"
RFC822 = "message/rfc822"


@pytest.fixture
def secret(office):
    """Anna's token for mail."""
    return given("anna@city.example")


def given(address, days=365):
    from orgo.people.models import User
    from orgo.people.tokens import create

    return create(User.objects.get(address=address), "mail", "scanner", days, by="test")[1]


def leak(**more):
    return written("clara@people.example", "info@city.example", "Water leak", MONDAY, **more)


@pytest.fixture
def post(secret):
    """Hand a mail in; returns the answer."""
    from django.test import Client

    def work(data=None, query="", token=secret, content_type=RFC822, key=None, **environ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = leak() if data is None else data
        return Client().post(PATH + query, sent, content_type, headers=headers, **environ)

    return work


def problem_of(answer, status):
    """The problem that was answered, looked at."""
    assert answer.status_code == status and answer["Content-Type"] == "application/problem+json"
    found = json.loads(answer.content)
    assert set(found) == {"type", "title", "status", "detail"} and found["status"] == status
    return found


def mails():
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id"))


def test_an_archive_of_several_mails_is_refused(office, post):
    """It would become one task, which shows what all of them wrote."""
    one = b"From clara@people.example Mon Sep  7 08:00:00 2026\n" + leak() + b"\n"
    assert "several mails" in problem_of(post(one + one), 422)["detail"] and mails() == []
    assert post(one).status_code == 202


# ---------------------------------------------------------------- taken


def test_a_mail_becomes_a_task(office, post):
    data = leak()
    answer = post(data, "?from=Clara@people.example&to=info@city.example&to=works@city.example")

    assert answer.status_code == 202 and answer["Cache-Control"] == "no-store"
    (row,) = mails()
    assert answer.json() == {"id": str(row.pk), "outcome": ""}
    from orgo.intake.store import read_raw

    assert read_raw(row.pk) == data
    assert (row.source, row.envelope_from) == ("http", "clara@people.example")
    assert row.envelope_to == ["info@city.example", "works@city.example"]
    office.settle()
    assert office.task().title == "Water leak" and "anna@city.example" in office.told()


@pytest.mark.parametrize("content_type", ["Message/RFC822; charset=utf-8", "application/octet-stream", ""])
def test_a_mail_says_that_it_is_one_or_says_nothing(post, content_type):
    assert post(content_type=content_type).status_code == 202


def test_the_envelope_may_be_missing_and_the_sender_empty(post):
    assert post().status_code == 202
    assert post(query="?from=&to=info@city.example").status_code == 202
    assert [(row.envelope_from, row.envelope_to) for row in mails()] == [
        ("", []),
        ("", ["info@city.example"]),
    ]


def test_a_mail_above_djangos_limit_for_forms_is_taken_whole(post):
    from orgo.intake.store import read_raw

    data = leak(body="It leaks.\r\n" * 300_000)
    assert post(data).status_code == 202
    assert read_raw(mails()[0].pk) == data


def test_the_same_mail_again_is_linked_to_the_first(office, post):
    data = leak()
    first, second = post(data).json(), post(data).json()
    assert (second["outcome"], second["id"]) == ("linked", first["id"])
    office.settle()
    assert office.tasks() == 1


def test_its_headers_are_not_believed(office, post):
    """Who may hand mail in may not act in everybody's name by an Authentication-Results of one's own.

    Not even where no relay is named, and SMTP believes whoever reaches it.
    """
    from orgo.conf import boot

    smtp = office.config.intake.smtp.model_copy(update={"trusted_relays": ()})
    intake = office.config.intake.model_copy(update={"smtp": smtp})
    boot.use(office.config.model_copy(update={"intake": intake}))
    post(leak(headers={"Authentication-Results": PASS}))
    office.settle()
    assert mails()[0].trust == "none"


# ---------------------------------------------------------------- the sender's own key


def test_the_same_key_and_mail_are_answered_with_the_same_id(office, post):
    data = leak()
    first, second = (post(data, key="scan 17").json() for _ in range(2))
    assert second == {"id": first["id"], "outcome": "linked"}
    office.settle()
    assert office.tasks() == 1


def test_the_same_key_with_another_mail_or_envelope_is_refused(office, post):
    """bad input 94."""
    data = leak()
    assert post(data, key="17").status_code == 202
    for other, query in ((leak(), ""), (data, "?to=info@city.example")):
        assert "another mail" in problem_of(post(other, query, key="17"), 422)["detail"]
    assert len(mails()) == 1


def test_other_keys_and_other_users_keys_are_other_mails(office, post):
    data, ben = leak(), given("ben@city.example")
    for key, token in (("a", None), ("b", None), ("a", ben), ("x" * 200, None), ("x" * 199 + "y", None)):
        more = {"token": token} if token else {}
        assert post(data, key=key, **more).json()["outcome"] == ""
    assert all(row.receipt_key.startswith("http:") and len(row.receipt_key) <= 200 for row in mails())
    assert mails()[0].receipt_key.endswith(":a")


def test_a_key_is_free_again_after_a_day_and_no_mail_is_lost(office, post):
    from orgo.intake.store import read_raw

    first = post(key="17").json()
    office.clock.advance(hours=23)
    problem_of(post(key="17"), 422)
    office.clock.advance(hours=2)
    data = leak()
    second = post(data, key="17").json()
    assert second["id"] != first["id"] and second["outcome"] == ""
    assert read_raw(int(second["id"])) == data


def test_two_of_one_key_at_one_moment_are_one_mail(office, post, monkeypatch):
    """bad input 94: the other request commits between our look and our insert; the database's word decides."""
    from django.db import IntegrityError

    from orgo.pipeline import take as real

    data = leak()
    other: list[object] = []

    def overtaken(batch):
        if not other:
            other.extend(real(batch))
            raise IntegrityError("UNIQUE constraint failed: intake_mail.receipt_key")
        return real(batch)

    monkeypatch.setattr("orgo.api.views.take", overtaken)
    answer = post(data, key="17")
    assert (answer.status_code, answer.json()["id"]) == (202, str(mails()[0].pk))


@pytest.mark.parametrize("key", ["", "x" * 201, "clé", "a\tb"])
def test_a_key_that_is_none_is_refused(post, key):
    problem_of(post(key=key), 422)
    assert mails() == []


# ---------------------------------------------------------------- refused


def test_without_a_token_nothing_is_taken(post):
    assert problem_of(post(token=""), 401)["title"] == "Unauthorized"
    for header in ("Basic YTpi", "Bearer", "Bearer "):
        assert post(token="", HTTP_AUTHORIZATION=header)["WWW-Authenticate"] == "Bearer"
    assert mails() == []


def test_a_wrong_token_is_refused_and_leaves_an_event_without_it(post):
    from orgo.audit.models import Event

    assert post(token="wrong")["WWW-Authenticate"].startswith("Bearer ")
    problem_of(post(token="naïve"), 401)
    found = Event.objects.filter(type="token.refused")
    assert {event.actor for event in found} == {"127.0.0.1"} and "wrong" not in str(list(found.values()))
    assert mails() == []


def test_a_token_of_another_purpose_opens_nothing(office, post):
    """A sign-in link is a token too, and stays usable for what it is for."""
    from orgo.people.models import User
    from orgo.people.signin import redeem, sign_in_link

    anna = User.objects.get(address="anna@city.example")
    link = sign_in_link(anna, "").rpartition("/")[2]
    problem_of(post(token=link), 401)
    assert redeem(link) == anna


def test_a_token_of_another_scope_is_forbidden(office, post):
    from orgo.people.models import Token, User

    anna, until = User.objects.get(address="anna@city.example"), MONDAY + timedelta(days=1)
    answer = post(token=Token.give(anna, "api:tasks", MONDAY, until))
    assert problem_of(answer, 403) and 'scope="mail"' in answer["WWW-Authenticate"]
    assert mails() == []


def test_an_api_token_signs_nobody_in(office, secret):
    from orgo.people.signin import redeem

    assert redeem(secret) is None


def test_a_revoked_token_is_refused_and_the_others_stay(office, post, secret):
    from orgo.people.tokens import given as all_tokens
    from orgo.people.tokens import revoke

    other = given("anna@city.example")
    revoke(all_tokens()[0].pk, by="test")
    problem_of(post(), 401)
    assert post(token=other).status_code == 202


def test_a_token_is_refused_when_its_time_is_over(office, post):
    office.clock.advance(days=364)
    assert post().status_code == 202
    office.clock.advance(days=1)
    problem_of(post(), 401)


def test_who_was_deactivated_hands_nothing_in(office, post):
    from orgo.people.keeping import set_active
    from orgo.people.models import User

    anna = User.objects.get(address="anna@city.example")
    User.objects.filter(pk=anna.pk).update(is_active=False)
    problem_of(post(), 401)
    set_active(anna, False, by="test")
    set_active(anna, True, by="test")
    problem_of(post(), 401)


def test_after_twenty_wrong_tokens_an_address_has_to_wait(office, post):
    """bad input 97: good tokens go on working there: behind a proxy all programs have one address."""
    assert [post(token=f"wrong-{n}").status_code for n in range(21)] == [401] * 20 + [429]
    answer = post(token="wrong")
    assert problem_of(answer, 429) and answer["Retry-After"] == "900"
    assert post().status_code == 202
    office.clock.advance(minutes=16)
    problem_of(post(token="wrong"), 401)


def test_only_post_is_answered(secret):
    from django.test import Client

    answer = Client().get(PATH, headers={"Authorization": f"Bearer {secret}"})
    assert problem_of(answer, 405) and answer["Allow"] == "POST"


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br"])
def test_a_packed_body_is_refused(post, encoding):
    """bad input 89: it would be kept as a mail of noise, or be unpacked into a bomb."""
    answer = post(HTTP_CONTENT_ENCODING=encoding)
    assert "no Content-Encoding" in problem_of(answer, 415)["detail"]
    assert answer["Accept-Encoding"] == "identity" and mails() == []
    assert post(HTTP_CONTENT_ENCODING="Identity").status_code == 202


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf", b'{"subject": "\\ud800", "x": NaN}', b"[" * 10_000, bytes(256)]
)
def test_bytes_that_are_hardly_a_mail_are_taken_as_one(office, post, data):
    """bad input 89: what becomes of them is said by quarantine or a task; the program's part is done."""
    assert post(data).status_code == 202
    office.settle()
    assert mails()[0].outcome in ("opened", "quarantined") and office.tasks() == 1


def test_other_kinds_of_body_are_refused(post):
    """bad input 89."""
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        problem_of(post(content_type=content_type), 415)
    assert mails() == []


def test_the_length_has_to_be_said(secret):
    from django.test import Client

    headers = {"Authorization": f"Bearer {secret}"}
    problem_of(Client().post(PATH, b"", content_type=RFC822, headers=headers), 411)
    for said in ("", "-1", "many"):
        problem_of(Client().post(PATH, b"x", content_type=RFC822, headers=headers, CONTENT_LENGTH=said), 411)


def test_an_empty_body_and_one_that_was_cut_off_are_no_mail(post):
    """bad input 98."""
    problem_of(post(b"", CONTENT_LENGTH="0"), 422)
    problem_of(post(CONTENT_LENGTH="100000", **{"wsgi.input": io.BytesIO(leak())}), 400)
    assert mails() == []


def test_a_mail_that_is_too_large_is_refused(office, post):
    limit = office.config.intake.smtp.max_size
    problem_of(post(CONTENT_LENGTH=str(limit + 1)), 413)
    assert mails() == []


@pytest.mark.parametrize(
    "query",
    [
        "?from=nobody", "?to=a@b.example&to=no%0d%0aone@b.example", "?from=a@b.example&from=c@d.example",
        "?to=" + "&to=".join(f"a{n}@b.example" for n in range(101)), "?x=1" + "&x=1" * 1001,
        "?from=Anna%20%3Ca@b.example%3E", "?form=a@b.example", "?to=a@b.example&To=c@d.example",
    ],
)  # fmt: skip
def test_an_envelope_that_is_none_is_refused(post, query):
    """bad input 90: nor is a parameter passed over that nobody knows."""
    detail = problem_of(post(query=query), 422)["detail"]
    assert "nobody" not in detail and mails() == []


def test_a_database_that_fails_is_answered_with_later(post, monkeypatch):
    from django.db import OperationalError

    def fails(batch):
        raise OperationalError("disk I/O error at secret place")

    with monkeypatch.context() as broken:
        broken.setattr("orgo.api.views.take", fails)
        answer = post()
    assert "secret" not in problem_of(answer, 503)["detail"] and answer["Retry-After"] == "30"
    assert post().status_code == 202


# ---------------------------------------------------------------- before Django reads anything


def asked(app, headers, path=PATH, method="POST"):
    """What the ASGI application answers to a request whose body nobody may ask for."""
    sent = []

    async def receive():
        raise AssertionError("the body was asked for")

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    with ThreadPoolExecutor(1) as worker:  # a browser's loop may run on this thread
        worker.submit(lambda: asyncio.run(app(scope, receive, send))).result()
    return sent


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"transfer-encoding", b"chunked")], 411),
        ([(b"content-length", b"99999999999")], 413),
        ([(b"content-length", b"1e3")], 411),
    ],
)
def test_what_is_too_long_is_refused_before_a_byte_of_it_is_read(office, headers, status):
    """bad input 89."""
    from orgo.web.asgi import application

    begin, body = asked(application, headers)
    assert begin["status"] == status and json.loads(body["body"])["status"] == status
    assert (b"content-type", b"application/problem+json") in begin["headers"]


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/sign-in", "POST", []),
        (PATH, "GET", []),
        (PATH, "POST", [(b"content-length", b"7")]),
    ],
)
def test_pages_other_methods_and_what_is_short_go_on_to_django(office, path, method, headers):
    from orgo.api.length import LengthFirst

    passed = []

    async def django(scope, receive, send):
        passed.append(scope["path"])

    assert asked(LengthFirst(django), headers, path, method) == [] and passed == [path]
