"""`orgo user` and `orgo team`: people by hand."""

import io
import json
import sys


def events():
    from orgo.audit.models import Event

    return list(Event.objects.filter(task=None).order_by("id").values_list("type", flat=True))


def test_a_user_is_added_once_and_shown(office, run, objects):
    found = objects("user", "add", "New@City.example", "--name", "Nora New", "--role", "technician")[0]
    assert (found["address"], found["roles"], found["password"]) == (
        "new@city.example",
        ["technician"],
        False,
    )
    assert run("user", "add", "new@city.example")[0] == 5
    assert run("user", "add", "no address")[0] == 2
    assert run("user", "add", "x@city.example", "--role", "king")[0] == 2
    assert objects("user", "show", "new@city.example") == [found]
    assert "new@city.example" in {user["address"] for user in objects("user", "list")}
    assert "Nora New" in run("user", "list")[1]
    assert "person.added" in events()


def test_who_is_not_there_is_answered_with_who_may_be_meant(office, run):
    assert run("user", "show", "Ana")[::2] == (
        3,
        "orgo: there is no user Ana; did you mean anna@city.example?\n",
    )
    assert "there is no user unknown; all of them: orgo user list" in run("user", "show", "unknown")[2]
    assert "there is no team wroks; did you mean works?" in run("team", "show", "wroks")[2]
    assert (
        "there is no organization x; allowed: city, school"
        in run("team", "add", "new@city.example", "--organization", "x")[2]
    )
    assert "'foo': not a mail address, such as name@organization.com" in run("user", "add", "foo")[2]


def test_only_who_may_manage_people_does(run):
    assert run("user", "add", "x@city.example", "--as", "anna@city.example")[0] == 4


def test_a_link_signs_in_once(office, run, objects):
    from orgo.people.signin import redeem

    link = objects("user", "link", "anna@city.example")[0]["link"]
    secret = link.rpartition("/")[2]
    signed_in = redeem(secret)
    assert signed_in is not None and signed_in.address == "anna@city.example"
    assert redeem(secret) is None
    assert run("user", "link", "ana@city.example")[0] == 3


def test_a_password_comes_by_standard_input(office, run, monkeypatch):
    from orgo.people.models import User

    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert run("user", "password", "anna@city.example")[0] == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
    assert run("user", "password", "anna@city.example")[0] == 0
    assert User.objects.get(address="anna@city.example").check_password("correct horse battery")


def test_roles_absences_and_an_end(office, run, objects):
    assert objects("user", "roles", "anna@city.example", "supervisor", "hr")[0]["roles"] == [
        "supervisor",
        "hr",
    ]
    away = ("user", "absent", "anna@city.example", "--from", "2026-09-07", "--until", "2026-09-08")
    absent = objects(*away, "--deputy", "ben@city.example")[0]["absent"]
    assert absent == [
        {
            "from": "2026-09-07T00:00:00+00:00",
            "until": "2026-09-09T00:00:00+00:00",
            "deputy": "ben@city.example",
        }
    ]
    assert run(*away, "--deputy", "anna@city.example")[0] == 2
    assert run("user", "absent", "anna@city.example", "--from", "2026-09-07")[0] == 2
    assert objects("user", "absent", "anna@city.example", "--over")[0]["absent"] == []
    assert objects("user", "deactivate", "anna@city.example")[0]["active"] is False
    assert run("user", "link", "anna@city.example")[0] == 5
    assert objects("user", "deactivate", "anna@city.example", "--undo")[0]["active"] is True


def test_the_last_administrator_stays(run):
    assert run("user", "deactivate", "admin@city.example")[0] == 2
    assert run("user", "roles", "admin@city.example", "staff")[0] == 2


def test_teams(office, run, objects):
    found = objects(
        "team", "add", "garden@city.example", "--organization", "city", "--visibility", "private"
    )[0]
    assert (found["name"], found["organization"], found["visibility"]) == ("garden", "city", "private")
    assert run("team", "add", "garden@city.example")[0] == 5
    assert run("team", "add", "other@city.example", "--organization", "moon")[0] == 3
    assert objects("team", "member", "add", "garden", "anna@city.example")[0]["members"] == [
        "anna@city.example"
    ]
    assert objects("team", "member", "remove", "garden", "anna@city.example")[0]["members"] == []
    code, _, err = run("team", "show", "gardn")
    assert code == 3
    assert "did you mean garden?" in err
    assert {team["name"] for team in objects("team", "list")} >= {"garden", "works"}
    code, out, _ = run("team", "show", "nix", "--json")
    assert code == 3
    assert "message" in json.loads(out)["error"]
