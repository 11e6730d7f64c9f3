"""What the chart has KEDA's operator ask is asked of a PostgreSQL with mails in it."""

from pathlib import Path

import psycopg
import pytest

from tests.database import environment
from tests.deploy.chart import OPTIONS, objects, template
from tests.deploy.conftest import tools  # noqa: F401 -- a fixture
from tests.office import Office, written


@pytest.mark.of_postgresql
def test_kedas_query_counts_the_mails_that_wait(office: Office, tools: Path) -> None:  # noqa: F811
    from orgo import pipeline
    from orgo.intake.store import Incoming

    made = objects(template(tools, OPTIONS["keda"]))
    (scaled,) = [one for one in made if one["kind"] == "ScaledObject"]
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]

    def counted() -> object:
        with psycopg.connect(environment()["ORGO_DATABASE"]) as of_the_operator:
            return of_the_operator.execute(query).fetchall()

    assert counted() == [(0,)]
    for number in range(3):
        data = written("clara@people.example", "info@city.example", f"Leak {number}", office.clock.now())
        pipeline.take([Incoming(data=data, source="smtp", envelope_to=("info@city.example",))])
    assert counted() == [(3,)]
    office.settle()
    assert counted() == [(0,)]
