"""`orgo token ..`: tokens for programs."""

from datetime import timedelta

import pytest

from tests.office import MONDAY


def user_of(secret):
    from orgo.people.tokens import user_of

    return user_of(secret, "mail")


def test_a_token_is_shown_once_and_opens_the_door(office, run):
    from orgo.audit.models import Event
    from orgo.people.models import Token

    code, out, err = run(
        "token", "create", "--scope", "mail", "--user", "Anna@city.example", "--name", "scanner"
    )
    secret = out.strip()
    assert code == 0 and user_of(secret).address == "anna@city.example"
    assert "2027-09-07" in err and secret not in err
    assert secret not in str(list(Token.objects.values())) + str(list(Event.objects.values()))
    event = Event.objects.get(type="token.created")
    assert event.actor == "admin@city.example" and (event.data["scope"], event.data["days"]) == ("mail", 365)


def test_it_is_of_who_acts_where_nobody_is_named(office, objects):
    (made,) = objects("token", "create", "--scope", "mail", "--days", "2")
    assert user_of(made["token"]).address == made["user"] == "admin@city.example"
    assert made["expires_at"] == (MONDAY + timedelta(days=2)).isoformat()


def test_a_user_has_several_and_a_sign_in_link_ends_none(office, run, objects):
    made = [objects("token", "create", "--scope", "mail", "--name", name)[0]["token"] for name in ("a", "b")]
    run("user", "link", "admin@city.example")
    assert all(user_of(secret) for secret in made)


def test_the_list_shows_all_but_the_secrets(office, run, objects):
    (made,) = objects("token", "create", "--scope", "mail", "--name", "scanner", "--days", "1")
    run("user", "link", "admin@city.example")
    (row,) = objects("token", "list")
    assert row == {name: value for name, value in made.items() if name != "token"} and row["state"] == "good"
    office.clock.advance(days=1)
    code, out, _ = run("token", "list")
    assert code == 0 and made["token"] not in out
    assert out.splitlines()[1].split() == [
        str(row["number"]), "mail", "scanner", "admin@city.example", "expired", "2026-09-08",
    ]  # fmt: skip


def test_revoke_ends_one_and_leaves_an_event(office, run, objects):
    from orgo.audit.models import Event

    first, second = (objects("token", "create", "--scope", "mail")[0] for _ in range(2))
    assert run("token", "revoke", str(first["number"]))[:2] == (0, f"token {first['number']} ended\n")
    assert user_of(first["token"]) is None and user_of(second["token"])
    assert Event.objects.get(type="token.revoked").data["token"] == first["number"]
    assert run("token", "revoke", str(first["number"]))[0] == 3


def test_revoke_touches_no_sign_in_link(office, run):
    from orgo.people.models import Token

    run("user", "link", "anna@city.example")
    number = Token.objects.get(purpose="sign-in").pk
    code, _, err = run("token", "revoke", str(number))
    assert code == 3 and "orgo token list" in err and Token.objects.filter(pk=number).exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--scope", "mial"], 2, "mail"),
        ([], 2, "--scope"),
        (["--scope", "mail", "--days", "0"], 2, "3650"),
        (["--scope", "mail", "--name", "x" * 101], 2, "100"),
        (["--scope", "mail", "--name", "a\nb"], 2, "one line"),
        (["--scope", "mail", "--user", "ana@city.example"], 3, "anna@city.example"),
        (["--scope", "mail", "--as", "anna@city.example"], 4, "may not"),
    ],
)
def test_what_can_not_be_is_said_and_makes_nothing(office, run, words, code, said):
    from orgo.people.models import Token

    found, out, err = run("token", "create", *words)
    assert (found, out) == (code, "") and said in err and "Traceback" not in err
    assert not Token.objects.exists()


def test_nobody_gets_a_token_who_is_not_active(office, run):
    run("user", "deactivate", "anna@city.example")
    assert run("token", "create", "--scope", "mail", "--user", "anna@city.example")[0] == 5
