"""The page as an ASGI application, for uvicorn."""

from orgo.conf import boot

boot.start()

from django.core.asgi import get_asgi_application  # noqa: E402 - Django has to be started first
from django.urls import get_resolver  # noqa: E402

from orgo.api.length import LengthFirst  # noqa: E402

application = LengthFirst(get_asgi_application())
_ = get_resolver().url_patterns  # the views are read now, not by whoever comes first
