"""Which language the pages are in: the user's own, or else the one that the browser asks for."""

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from orgo.web.views.access import user_of


class OwnLanguage(MiddlewareMixin):
    """Django middleware behind those that know the browser's language and the user."""

    def process_request(self, request: HttpRequest) -> None:
        """Give somebody who signed in the pages in the language that is set for this user, where one is."""
        own = user_of(request).language if request.user.is_authenticated else ""
        if own in dict(settings.LANGUAGES):
            translation.activate(own)
