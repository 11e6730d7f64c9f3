"""Numbers and days as a person writes them on the command line; what is none is answered with what is allowed."""

from datetime import datetime
from math import isnan
from typing import Any

import click


class Share(click.ParamType[float]):
    """A share as a person writes it: 5%, or 0.05."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            text = str(value).strip()
            share = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share; write it like 5% or 0.05", param, ctx)
        return share


class Rate(click.FloatRange):
    """Mails a second within bounds; "nan", which is within all bounds, is none."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            rate = super().convert(value, param, ctx)
        except click.BadParameter:
            rate = float("nan")
        if isnan(rate):
            self.fail(
                f"{value} is not allowed; mails a second: {_bounds(self)}, such as 25 or 0.5", param, ctx
            )
        return rate


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value} is not allowed; a whole number: {_bounds(self)}", param, ctx)


def _bounds(allowed: click.IntRange | click.FloatRange) -> str:
    least, most = allowed.min, allowed.max
    return f"at least {least}" if most is None else f"{least} to {most}"


class Day(click.DateTime):
    """A day, and with `or_minute` a minute of one."""

    name = "date"

    def __init__(self, *, or_minute: bool = False) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%d %H:%M"] if or_minute else ["%Y-%m-%d"])
        self._shown = "2026-12-24 or 2026-12-24 13:30" if or_minute else "2026-12-24"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value} is no day of the calendar; write it like {self._shown}", param, ctx)
        return found
