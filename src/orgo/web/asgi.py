"""The page as an ASGI application, for uvicorn."""

import warnings

from orgo.conf import boot

boot.start()
# WhiteNoise reads its files synchronously, which Django remarks on at each of them; they are few and small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

from django.core.asgi import get_asgi_application  # noqa: E402 - Django has to be started first

application = get_asgi_application()
