"""The Django application of this stage."""

from django.apps import AppConfig


class OutboxApp(AppConfig):
    name = "orgo.outbox"
    label = "outbox"
