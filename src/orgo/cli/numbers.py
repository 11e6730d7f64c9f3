"""Numbers as a person writes them on the command line: a share, mails a second."""

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
        rate = super().convert(value, param, ctx)
        if isnan(rate):
            self.fail(f"{value!r} is no rate; write it like 25 or 0.5", param, ctx)
        return rate
