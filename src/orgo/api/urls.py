"""The addresses below `/api/v1/`."""

from django.urls import path

from orgo.api import views

urlpatterns = [path("mail", views.mail, name="api-mail")]
