"""Signing in by password or by a link that works once, and out."""

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from orgo.people.models import User
from orgo.people.signin import note_sign_in, redeem, too_many_failures
from orgo.web.views.away import AWAY, away

BACKEND = "orgo.people.signin.AddressBackend"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The form, and its answer: the same words for an unknown address and a wrong password."""
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(_next(request.GET.get("next", ""), request))
        return render(request, "signin.html", {"next": request.GET.get("next", "")})
    address = request.POST.get("address", "")[:254]
    again = {"address": address, "next": request.POST.get("next", "")}
    if too_many_failures(address):
        return render(request, "signin.html", {"wait": True, **again}, status=429)
    user = authenticate(request, username=address, password=request.POST.get("password", ""))
    note_sign_in(address, by="password", ok=user is not None)
    if not isinstance(user, User):
        return render(request, "signin.html", {"failed": True, **again}, status=403)
    login(request, user, backend=BACKEND)
    return redirect(_next(again["next"], request))


def _next(wanted: str, request: HttpRequest) -> str:
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and ours else "/"


@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, secret: str) -> HttpResponseBase:
    """A link shows a button and signs in when it is pressed: mail scanners follow links, and press nothing."""
    if request.method == "GET":
        return render(request, "signin_link.html")
    user = redeem(secret)
    if user is None:
        return render(request, "signin_link.html", {"used": True}, status=403)
    note_sign_in(user.address, by="link", ok=True)
    login(request, user, backend=BACKEND)
    return redirect("home")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session."""
    logout(request)
    return redirect("sign-in")


@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers; 503 where it does not."""
    try:
        User.objects.exists()
    except AWAY:
        return away()
    return HttpResponse("ok", content_type="text/plain")
