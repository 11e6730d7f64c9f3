"""The answer to a machine that asks while the database is away."""

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

AWAY = (OperationalError, InterfaceError)


def away() -> HttpResponse:
    """503 in one plain line: what asks comes again by itself, and there is no mistake whose place a log should have."""
    return HttpResponse("the database can't be used\n", status=503, content_type="text/plain")
