"""Who comes in, and who is given which right, is said in the log for security, beside the trail."""

import logging

import pytest

from tests.office import Office


def test_a_sign_in_that_failed_and_a_right_that_was_given(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    from orgo.people import keeping
    from orgo.people.models import User
    from orgo.people.signin import note_sign_in

    caplog.set_level(logging.INFO, "orgo.security")
    note_sign_in("anna@city.example", by="password", ok=False)
    anna = User.objects.get(address="anna@city.example")
    keeping.set_roles(anna, ["administrator"], by="admin@city.example")
    office.mail()

    said = [(vars(one)["type"], vars(one)["actor"]) for one in caplog.records if one.name == "orgo.security"]
    assert said == [
        ("person.sign_in_failed", "anna@city.example"),
        ("person.roles_changed", "admin@city.example"),
    ]


def test_what_is_taken_back_is_not_said(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    from django.db import transaction

    from orgo.audit.models import record

    caplog.set_level(logging.INFO, "orgo.security")
    with pytest.raises(RuntimeError), transaction.atomic():
        record("token.created", actor="admin@city.example")
        raise RuntimeError
    assert not [one for one in caplog.records if one.name == "orgo.security"]
