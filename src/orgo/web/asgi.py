"""The page as an ASGI application, for uvicorn."""

from orgo.conf import boot

boot.start()

from django.core.asgi import get_asgi_application  # noqa: E402 - Django has to be started first

from orgo.api.length import LengthFirst  # noqa: E402

application = LengthFirst(get_asgi_application())
