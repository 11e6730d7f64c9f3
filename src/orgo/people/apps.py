"""The Django application of this stage."""

from django.apps import AppConfig


class PeopleApp(AppConfig):
    name = "orgo.people"
    label = "people"
