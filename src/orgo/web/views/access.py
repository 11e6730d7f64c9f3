"""Who may come in, and the one answer for what is not there and what may not be seen."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from orgo.flow.acting import NotFound, find
from orgo.people.models import User
from orgo.people.roles import Permission
from orgo.people.visibility import Viewer
from orgo.task.models import Task

LARGEST = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
View = Callable[..., HttpResponseBase]


def user_of(request: HttpRequest) -> User:
    """The signed-in user."""
    return cast(User, request.user)


def signed_in(view: View) -> View:
    """Only for people who signed in; others are led back after signing in to the page that they were on."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if "HX-Request" in request.headers or request.headers.get("Accept") == "application/json":
            # A part of a page would be replaced by the sign-in form; the page says it instead.
            return JsonResponse({"error": _("You are signed out. Sign in again.")}, status=401)
        return redirect_to_login(page_of(request))

    return inner


def page_of(request: HttpRequest) -> str:
    """The page that a request belongs to: of a form the one on which it stood, as a path of ours."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    found = urlsplit(request.headers.get("Referer", ""))
    if found.netloc == request.get_host() and found.path.startswith("/"):
        return found._replace(scheme="", netloc="", path="/" + found.path.lstrip("/"), fragment="").geturl()
    return request.path.partition("/do/")[0] if "/do/" in request.path else "/"


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form of a page that is too old to be believed (its CSRF token): nothing was done."""
    return render(request, "stale.html", {"page": page_of(request)}, status=403)


def allowed(permission: Permission) -> Callable[[View], View]:
    """Only for people with this permission; for others the page is not there."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not user_of(request).may(permission):
                raise Http404
            return view(request, *args, **kwargs)

        return signed_in(inner)

    return wrap


def task_or_404(request: HttpRequest, reference: str) -> Task:
    """The task, if this user may see it."""
    try:
        return find(user_of(request), reference)
    except NotFound:
        raise Http404 from None


def mail_task_visible(request: HttpRequest, task: int | None) -> bool:
    """Whether the user may see a mail through its task, or any mail by a permission (never a private task's)."""
    viewer = Viewer(user_of(request))
    if task is not None:
        return Task.objects.filter(viewer.filter(), pk=task).exists()
    return user_of(request).may("see_mail")


def number_of(text: str) -> int | None:
    """The number of a row in a query or form, None where it is none."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= LARGEST else None
