"""Static files by WhiteNoise, each handed over whole: under ASGI Django would remark on every file read in pieces."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class WholeFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise's middleware; the files are few and small."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file as a response with WhiteNoise's own headers (caching, type, language)."""
        found = static_file.get_response(request.method, request.META)
        data = b""
        if found.file is not None:
            with found.file:
                data = found.file.read()
        response = HttpResponse(data, status=int(found.status))
        for name, value in found.headers:
            response.headers[name] = value
        return response
