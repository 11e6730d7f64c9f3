"""`/metrics`: what Prometheus reads, and who may."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.office import CONFIG, Office

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def watched(tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "token").write_text(TOKEN)
    office = Office(tmp_path, config=CONFIG + "web: {{metrics_token: 'file:token'}}\n")
    yield office
    office.close()


def _values(office: Office) -> dict[tuple[str, ...], float]:
    from django.test import Client

    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_it_counts_what_came_and_what_waits(watched: Office) -> None:
    from orgo.intake.store import Incoming, store

    watched.mail()
    watched.mail(headers={"Auto-Submitted": "auto-replied"})
    store([Incoming(data=b"Subject: x\n\ny", source="smtp")])
    watched.clock.advance(seconds=90)
    found = _values(watched)

    assert (
        found[("orgo_mails_total", "", "opened", "smtp")]
        == found[("orgo_mails_total", "", "ignored", "smtp")]
        == 1
    )
    assert found[("orgo_backlog", "routing")] == 1 and found[("orgo_backlog_oldest_seconds", "routing")] == 90
    assert found[("orgo_letters", "sent")] == len(watched.told()) and found[("orgo_tasks", "open")] == 1
    assert found[("orgo_stage_seconds_count", "decide")] == 2
    assert found[("orgo_audit_unsealed",)] >= 1 and found[("orgo_broker_up",)] == 1


def test_the_help_names_what_is_there_and_what_is_not(watched: Office) -> None:
    from orgo.ops.measures import LETTERS, OLDEST

    found = _values(watched)
    states = {name[1] for name in found if name[0] == LETTERS.name} - {"waiting"}
    ages = {name[1] for name in found if name[0] == OLDEST.name}
    queues = {name[1] for name in found if name[0] == "orgo_backlog"}

    assert {state for state in states if state not in LETTERS.help} == set()
    assert {queue for queue in queues - ages if f"`{queue}` has none" not in OLDEST.help} == set()


def test_a_late_escalation_is_seen(watched: Office) -> None:
    watched.mail()
    watched.clock.advance(hours=3)

    assert _values(watched)[("orgo_backlog_oldest_seconds", "escalation")] == 3600


def test_stages_are_real_histograms(watched: Office) -> None:
    """Each bucket holds all that took at most so long, so that Prometheus can add and subtract them."""
    from orgo.intake.store import Incoming, store

    for seconds in (0, 3, 40):
        store([Incoming(data=b"From: a@b.example\nSubject: %d\n\ny" % seconds, source="smtp")])
        watched.clock.advance(seconds=seconds)
        watched.settle()
    found = _values(watched)

    steps = {
        (set(labels) - {"decide"}).pop(): value
        for (name, *labels), value in found.items()
        if name == "orgo_stage_seconds_bucket" and "decide" in labels
    }
    assert (steps["0.1"], steps["2.5"], steps["5.0"], steps["30.0"], steps["60.0"], steps["+Inf"]) == (
        1,
        1,
        2,
        2,
        3,
        3,
    )
    assert found[("orgo_stage_seconds_sum", "decide")] == pytest.approx(43)
    assert found[("orgo_stage_seconds_count", "send")] == len(watched.told())


def test_what_was_counted_is_not_counted_again_and_no_number_falls(watched: Office) -> None:
    """What ended minutes ago is kept in the tallies: no scrape reads it again, not even when its rows are gone."""
    from orgo.intake.models import Mail
    from orgo.ops.models import Tally

    watched.mail()
    watched.clock.advance(minutes=10)
    assert _values(watched)[("orgo_mails_total", "", "opened", "smtp")] == 1
    assert Tally.objects.exclude(series="").exists()
    Mail.objects.all().delete()
    assert _values(watched)[("orgo_mails_total", "", "opened", "smtp")] == 1
    watched.mail(subject="Another leak")
    assert _values(watched)[("orgo_mails_total", "", "opened", "smtp")] == 2
    watched.clock.advance(minutes=10)

    assert _values(watched)[("orgo_mails_total", "", "opened", "smtp")] == 2


def test_how_late_levels_were_fired(watched: Office) -> None:
    watched.mail()
    watched.clock.advance(hours=2, seconds=20)
    watched.settle()
    found = _values(watched)

    assert found[("orgo_escalation_late_seconds_count",)] == 1
    assert found[("orgo_escalation_late_seconds_sum",)] == pytest.approx(20, abs=1)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic x", f"Bearer {TOKEN}x"])
def test_without_the_token_it_says_nothing(watched: Office, header: str) -> None:
    from django.test import Client

    answer = Client().get("/metrics", headers={"Authorization": header})

    assert answer.status_code == 401 and b"orgo_" not in answer.content


def test_where_no_token_is_configured_there_is_no_such_page(office: Office) -> None:
    from django.test import Client

    assert Client().get("/metrics").status_code == 404
