"""The Django application of this stage."""

from django.apps import AppConfig


class AuditApp(AppConfig):
    name = "orgo.audit"
    label = "audit"
