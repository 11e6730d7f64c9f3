"""The report as a page of its own: one HTML file with curves, that needs nothing else (pure)."""

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

from orgo.loadtest.count import Sample
from orgo.loadtest.report import Report, words

_WIDTH, _HEIGHT = 720, 180
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "svg{width:100%;height:auto;border:1px solid #8886}polyline{fill:none;stroke:#2a7;stroke-width:2}"
    "text{font-size:12px;fill:currentColor}h2{font-size:1rem;margin:1.5rem 0 .3rem}"
    "pre{overflow-x:auto;border:1px solid #8886;padding:1rem}"
)


def page(found: Report) -> str:
    """The report and its curves as HTML."""
    curves = "".join(_curve(title, found.samples, value) for title, value in _CURVES)
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Orgo: load test</title><style>{_STYLE}</style>"
        f"<h1>Load test: {found.mails:,} mails by {escape(found.via)}</h1><pre>{escape(words(found))}</pre>{curves}</html>\n"
    )


def _speed(samples: Sequence[Sample], value: Callable[[Sample], int]) -> list[tuple[float, float]]:
    """How much a second came in each interval."""
    return [(b.at, (value(b) - value(a)) / max(b.at - a.at, 0.001)) for a, b in pairwise(samples)]


_CURVES: tuple[tuple[str, Callable[[Sequence[Sample]], list[tuple[float, float]]]], ...] = (
    ("Mails decided a second", lambda samples: _speed(samples, lambda one: one.decided)),
    ("Letters sent a second", lambda samples: _speed(samples, lambda one: one.letters)),
    ("Mails that wait", lambda samples: [(one.at, float(one.taken - one.decided)) for one in samples]),
    ("Memory of all processes, MB", lambda samples: [(one.at, one.memory / 1e6) for one in samples]),
)


def _curve(
    title: str, samples: Sequence[Sample], points_of: Callable[[Sequence[Sample]], list[tuple[float, float]]]
) -> str:
    points = points_of(samples)
    if len(points) < 2:
        return ""
    longest, highest = points[-1][0] or 1.0, max(value for _, value in points) or 1.0
    drawn = " ".join(
        f"{_WIDTH * at / longest:.1f},{_HEIGHT - (_HEIGHT - 20) * max(value, 0.0) / highest:.1f}"
        for at, value in points
    )
    return (
        f"<h2>{escape(title)}</h2><svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role=img aria-label='{escape(title)}'>"
        f"<polyline points='{drawn}'/><text x=4 y=14>{highest:,.0f}</text>"
        f"<text x={_WIDTH - 4} y={_HEIGHT - 4} text-anchor=end>{longest:,.0f} s</text></svg>"
    )
