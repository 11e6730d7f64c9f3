"""S50: a broker only rings: what it hands over is JSON, nothing else is even unpacked, and no result is kept there."""

import pickle
from pathlib import Path

import pytest
from celery import Celery
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from orgo.conf import load
from orgo.conf.celery import make_app


@pytest.fixture
def app(tmp_path: Path) -> Celery:
    return make_app(load(tmp_path, {"ORGO_QUEUE": "redis://127.0.0.1:1/0"}))


def test_only_json_is_taken_and_no_result_is_kept(app: Celery) -> None:
    assert app.conf.accept_content == ["json"] and app.conf.task_serializer == "json"
    assert app.conf.task_ignore_result


def test_a_pickled_message_is_refused(app: Celery) -> None:
    with pytest.raises(ContentDisallowed):
        loads(
            pickle.dumps({"x": 1}), "application/x-python-serialize", "binary", accept=app.conf.accept_content
        )
