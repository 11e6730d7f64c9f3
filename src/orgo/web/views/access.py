"""Who may come in, and the one answer for what is not there and what may not be seen."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase

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
    """Only for people who signed in."""
    return login_required(view)


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
