"""What `orgo database move` reads is one state of the source, whatever happens to it meanwhile."""

import threading

import pytest

from tests.office import Office


@pytest.mark.of_postgresql
def test_a_mail_that_comes_during_the_move_is_not_seen_by_half_of_it(office: Office) -> None:
    from django.db import connection

    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming, store
    from orgo.ops.moving import held_still

    def arrives() -> None:
        store([Incoming(data=b"Subject: x\n\ny", source="smtp")])
        connection.close()

    with held_still():
        before = Mail.objects.count()
        other = threading.Thread(target=arrives, daemon=True)
        other.start()
        other.join(30)
        assert Mail.objects.count() == before
    assert Mail.objects.count() == before + 1
