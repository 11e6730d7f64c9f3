"""The Django application of this stage."""

from django.apps import AppConfig


class TaskApp(AppConfig):
    name = "orgo.task"
    label = "task"
