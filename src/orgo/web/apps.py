"""The Django application of the pages."""

from django.apps import AppConfig


class WebApp(AppConfig):
    name = "orgo.web"
    label = "web"
