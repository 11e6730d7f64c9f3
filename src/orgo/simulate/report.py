"""What a simulation found, for people (a table), for programs (JSON) and for build servers (JUnit XML)."""

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from orgo.simulate.play import Line, Outcome

# Controls that XML 1.0 has no way to say (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def table(outcome: Outcome) -> str:
    """What happened when, who heard what, and whether each expectation held."""
    lines = [outcome.scenario.name]
    day = ""
    for line in outcome.lines:
        at = line.at.astimezone(outcome.scenario.zone)
        if f"{at:%a %d %b %Y}" != day:
            day = f"{at:%a %d %b %Y}"
            lines.append(f"  {day}")
        lines.append(f"    {at:%H:%M}  {_mark(line):8}{line.words}")
    lines.append(f"  {_sum(outcome)}")
    return "\n".join(lines)


def _mark(line: Line) -> str:
    if line.ok:
        return "ok" if line.what == "check" else line.what
    return "FAILED"


def _sum(outcome: Outcome) -> str:
    checks = sum(line.what == "check" for line in outcome.lines)
    failed = len(outcome.failed)
    return f"{failed} failed, {checks} looked at" if failed else f"all {checks} expectations hold"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """One scenario as a JSON object."""
    zone = outcome.scenario.zone
    return {
        "file": outcome.scenario.file,
        "name": outcome.scenario.name,
        "ok": not outcome.failed,
        "failed": outcome.failed,
        "lines": [
            {
                "at": line.at.astimezone(zone).isoformat(),
                "what": line.what,
                "words": line.words,
                "ok": line.ok,
            }
            for line in outcome.lines
        ],
    }


def junit(outcomes: Sequence[Outcome]) -> str:
    """All scenarios as JUnit XML: a suite each, an expectation a case."""
    suites = "".join(_suite(outcome) for outcome in outcomes)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="orgo simulate">\n{suites}</testsuites>\n'
    )


def _suite(outcome: Outcome) -> str:
    looked = [line for line in outcome.lines if line.what == "check" or not line.ok]
    cases = "".join(_case(outcome, line) for line in looked)
    return (
        f"  <testsuite name={_attribute(outcome.scenario.name)} file={_attribute(outcome.scenario.file)} "
        f'tests="{len(looked)}" failures="{len(outcome.failed)}" errors="0" skipped="0">\n{cases}  </testsuite>\n'
    )


def _case(outcome: Outcome, line: Line) -> str:
    at = f"{line.at.astimezone(outcome.scenario.zone):%Y-%m-%d %H:%M}"
    name, suite = _attribute(f"{at} {line.words}"), _attribute(outcome.scenario.name)
    if line.ok:
        return f"    <testcase classname={suite} name={name}/>\n"
    words = escape(_NOT_XML.sub("?", table(outcome)))
    message = _attribute(line.words)
    return (
        f"    <testcase classname={suite} name={name}>"
        f"<failure message={message}>{words}</failure></testcase>\n"
    )


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("?", text))
