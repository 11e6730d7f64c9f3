"""The Django application of this stage."""

from django.apps import AppConfig


class IntakeApp(AppConfig):
    name = "orgo.intake"
    label = "intake"
