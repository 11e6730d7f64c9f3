"""The Django application of what runs."""

from django.apps import AppConfig


class OpsApp(AppConfig):
    name = "orgo.ops"
    label = "ops"
