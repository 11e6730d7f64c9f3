"""What a test types: the words of its code, so that a remark on a command does not pass for running it."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def typed_by(file: Path) -> list[str]:
    """Words that stand together in a file: of Python each string and the strings of each call and list, without docstrings;
    of another file each line. Remarks are left out."""
    text = file.read_text("utf-8")
    if file.suffix != ".py":
        return [re.sub(r"(^|\s)#.*", "", line) for line in text.split("\n")]
    tree = ast.parse(text)
    remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        " ".join(words)
        for node in ast.walk(tree)
        if not (isinstance(node, ast.Constant) and id(node) in remarks)
        for words in [[*_strings(_parts(node))]]
        if words
    ]


def _parts(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.Call):
        return node.args
    return node.elts if isinstance(node, ast.List | ast.Tuple) else [node]


def _strings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def begins(typed: Iterable[str], words: str) -> bool:
    """Whether one of them is this command of Orgo: it begins with these words, alone or behind `orgo`."""
    return any(re.search(rf"(?:^|orgo ){re.escape(words)}(?![\w-])", said) for said in typed)


def has_word(typed: Iterable[str], word: str) -> bool:
    """Whether a word, such as an option or a program's name, stands in one of them."""
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", said) for said in typed)
