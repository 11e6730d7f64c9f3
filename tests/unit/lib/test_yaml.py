"""YAML as people mean it: traps are refused or read as text, and every problem has its place."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml as parser
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib import yaml
from orgo.lib.problems import BadInput


def problem(text: bytes | str) -> str:
    with pytest.raises(BadInput) as caught:
        yaml.load(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: NO", "NO"), ("a: on", "on"), ("a: 8:30", "8:30"), ("a: 1.10", "1.10"), ("a: 017", "017"), ("a: 2024-13-45", "2024-13-45"),
        ("a: 0x1f", "0x1f"), ("a: .inf", ".inf"), ("a: yes", "yes"), ("a: true", True), ("a: 17", 17), ("a: -3", -3), ("a: 1.5", 1.5),
        ("a:", None), ("a: ~", None), ("a: '17'", "17"), ("a: [1, x]", [1, "x"]), ("a: {b: c}", {"b": "c"}), ("a: |\n  x\n  y\n", "x\ny\n"),
    ],
)  # fmt: skip
def test_a_value_is_what_its_writer_means(text: str, value: object) -> None:
    assert yaml.load(text, "f").plain() == {"a": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key a stands twice (first in line 1)"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: a tab"),
        ("a: 'x\nb: 2\n", "f.yaml:1:4: a quote is opened here and never closed"),
        ('a:\n  - {b: "x}\n  - y\n', "f.yaml:2:9: a quote is opened here and never closed"),
        (
            '- a: "x\n  b: 1\n  c: "y"\n',
            "f.yaml:1:6: a quote that is opened at line 1 is not closed: the next",
        ),
        (
            "- {a: 'x, b: [c/{d}]}\n- e: 'f: g'\n",
            "f.yaml:1:7: a quote that is opened at line 1 is not closed",
        ),
        ('a: "x\n  y"\nb: [c\n', "f.yaml:4:1: a comma or a closing bracket is missing"),
        ("a: !!python/object/apply:os.system [x]", "f.yaml:1:4: tags are not allowed (!!python/object"),
        ("a: &x [1]\nb: *x", "anchors (&x) are not allowed"),
        ("a: &a [*a]", "are not allowed"),
        ("[" * 3000, "nested more than 50 deep"),
        ("a: 1\n---\nb: 2\n", "a second document"),
        ("{[1]: 2}", "a key is a single word"),
        (b"a: \xff\xfe\n", "f.yaml:1:4: this is no UTF-8"),
        ("a: 1".encode("utf-16"), "UTF-16"),
        ("a: \x00", "f.yaml:1:4"),
        ("a: b: c", "f.yaml:1:5: a colon stands where none can be"),
        (b"a: " + b"x" * 2_000_000, "at most 1,000,000"),
    ],
)
def test_a_trap_is_refused_with_its_place(text: bytes | str, words: str) -> None:
    """bad input 60, 61, 62, 65, 66."""
    assert words in problem(text)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    """bad input 65."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
    )

    assert "not allowed" in problem(bomb)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("[" * 500_000, yaml.DEEPEST + 3),
        ("a: &a [*a]\n" + "b: [*a, *a]\n" * 50_000, 7),
        ("- x\n" * 200_000, yaml.MOST_NODES + 3),
        ("x" * 2_000_000, 0),
    ],
    ids=["deep", "cycle", "many", "large"],
)
def test_what_is_too_much_is_not_read_to_its_end(
    text: str, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bad input 65: refused after as many of the parser's events as are allowed, however many would come."""
    events: list[object] = []
    parse = parser.parse

    def counted(*words: Any, **more: Any) -> Iterator[object]:
        for event in parse(*words, **more):
            events.append(event)
            yield event

    monkeypatch.setattr(parser, "parse", counted)

    assert problem(text)
    assert len(events) <= read


def test_windows_line_ends_and_a_byte_order_mark_are_read() -> None:
    assert yaml.load(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f").plain() == {"a": 1, "b": "x"}


def test_marks_lead_to_the_place() -> None:
    node = yaml.load("rules:\n  - name: x\n    action: {to: y}\n", "f").at(("rules", 0, "action", "to"))

    assert node is not None and (node.line, node.column, node.value) == (3, 18, "y")
    assert yaml.load("a: 1", "f").at(("a", "b", 0)) is None


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_a_problem_with_a_place(text: str) -> None:
    try:
        yaml.load(text, "f").plain()
    except BadInput as error:
        assert all(problem.line for problem in error.problems)


def test_ten_thousand_values_are_too_many_for_a_configuration_but_not_for_rules() -> None:
    text = "\n".join(f"- {n}" for n in range(20_000))

    assert "too many values" in problem(text)
    assert len(yaml.load(text, "f", most_nodes=yaml.MOST_NODES_OF_RULES).value) == 20_000


def test_braces_behind_a_word_are_part_of_it() -> None:
    """A path with a placeholder, which YAML would not take in a list without quotes."""
    node = yaml.load("a: [maps/{room}.pdf, x-{a}-{b}]\nb: {c: 'd{e}'}\nf: g{h}\n", "f")

    assert node.plain() == {"a": ["maps/{room}.pdf", "x-{a}-{b}"], "b": {"c": "d{e}"}, "f": "g{h}"}


@given(
    st.text(st.sampled_from("ab '\"\\é\n{}:"), min_size=1, max_size=30).filter(
        lambda text: text.strip() == text
    ),
    st.sampled_from(["'", '"']),
)
def test_a_letter_is_found_where_it_is_written(text: str, quote: str) -> None:
    """For any text between quotes: what stands at the place is the letter, or its escape."""
    text = text.replace("\n", " ")
    written = text.replace("'", "''") if quote == "'" else text.replace("\\", "\\\\").replace('"', '\\"')
    source = f"k:\n  - x\n  - {quote}{written}{quote}\n"
    node = yaml.load(source, "f").at(("k", 1))
    assert node is not None and node.text == text

    for offset, letter in enumerate(text):
        line, column = yaml.place(source, node, offset)
        if not letter.isspace():
            assert source.split("\n")[line - 1][column - 1 :].lstrip("\\").startswith(letter.lstrip("\\"))
