"""Configuration: config.yaml and people.yaml become typed, frozen values, or a list of what is wrong with them."""

from orgo.conf.checks import check
from orgo.conf.config import Config
from orgo.conf.load import load
from orgo.conf.show import show

__all__ = ["Config", "check", "load", "show"]
