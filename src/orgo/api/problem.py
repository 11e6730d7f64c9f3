"""What a request is refused with: a problem in fixed words (RFC 9457), which tells nothing of the inside."""

import json
from http import HTTPStatus

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"
# Here and not from http.HTTPStatus, whose words differ between versions of Python (RFC 9110 section 15.5).
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Refused(Exception):
    """The request is answered with this status, these words and these headers."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.detail, self.headers = status, detail, headers or {}
        super().__init__(detail)

    @property
    def body(self) -> bytes:
        """The problem as JSON."""
        title = _TITLES.get(self.status) or HTTPStatus(self.status).phrase
        problem = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        return json.dumps(problem).encode()

    def answer(self) -> HttpResponse:
        """The problem as Django's answer."""
        return HttpResponse(self.body, status=self.status, content_type=CONTENT_TYPE, headers=self.headers)
