"""`orgo mail suppressed`: who gets no more letters, and that a person may lift it."""


def test_it_is_listed_counted_and_lifted(office, objects, run):
    from orgo.outbox.suppression import suppress

    suppress("ben@city.example", "3 times within 30 days: 5.1.1")
    (found,) = objects("mail", "suppressed")
    assert (found["address"], found["reason"]) == ("ben@city.example", "3 times within 30 days: 5.1.1")
    assert objects("status")[0]["letters"]["suppressed"] == 1
    assert "1 addresses get none" in run("status")[1]
    assert run("mail", "suppressed", "--as", "anna@city.example")[0] == 4
    assert run("mail", "suppressed", "--lift", "ben@city.example", "--as", "rolf@city.example")[0] == 4
    assert run("mail", "suppressed", "--lift", "nobody@city.example")[0] == 3
    assert objects("mail", "suppressed", "--lift", "ben@city.example") == [{"lifted": "ben@city.example"}]
    assert objects("mail", "suppressed") == []


def test_the_status_says_since_when_no_letter_left(office, objects, run):
    from orgo.outbox.outlets import note_failing, note_working

    assert objects("status")[0]["letters"]["failing_since"] is None
    note_failing("email", "refused")
    assert objects("status")[0]["letters"]["failing_since"] == "2026-09-07T08:00:00+00:00"
    assert "none left by mail since 2026-09-07 08:00+00:00" in run("status")[1]
    note_working("email")
    assert objects("status")[0]["letters"]["failing_since"] is None
