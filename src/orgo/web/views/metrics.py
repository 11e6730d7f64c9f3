"""`/metrics` for Prometheus, behind a token of its own; where none is configured there is no such page."""

import hmac

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from orgo.conf import boot
from orgo.web.views.away import AWAY, away


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics, for who shows the token (`Authorization: Bearer ..`); 503 while the database is away."""
    config = boot.config()
    token = config.web.metrics_token
    if token is None:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode("utf-8", "replace")
    if not hmac.compare_digest(given, token.get_secret_value().encode()):
        return HttpResponse(
            "a token is needed\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    from orgo.ops.metrics import CONTENT_TYPE, exposition  # 13 MB that only a house with Prometheus needs

    try:
        return HttpResponse(exposition(config), content_type=CONTENT_TYPE)
    except AWAY:
        return away()
