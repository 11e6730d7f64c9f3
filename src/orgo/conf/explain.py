"""What pydantic found wrong, said so that a person can mend it: the key, what was got, what is allowed."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orgo.conf.kinds import masked
from orgo.conf.section import Keys, Section, field_at, names, section_at, section_of, shown_names
from orgo.conf.sheet import Sheet
from orgo.lib.problems import nearest
from orgo.lib.text import clip

_SHOWN = 60


def explain(sheet: Sheet, error: ValidationError) -> None:
    """Note each of pydantic's findings as a problem of the sheet."""
    found = error.errors(include_url=False, include_input=False)
    wrong = {tuple(details["loc"]) for details in found} | sheet.spoiled
    for details in found:
        path: Keys = tuple(key for key in details["loc"] if key != "[key]")
        follows = path[-1:] in (("from",), ("name",)) and (*path[:-1], "username") in wrong
        if not follows and not any(path[:end] in sheet.spoiled for end in range(1, len(path) + 1)):
            say = _key_wanted if details["loc"][-1:] == ("[key]",) else _SAID.get(details["type"], _other)
            say(sheet, path, details)


def _missing(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    field = field_at(sheet.model, path)
    sheet.blame(path, "is missing", field.description if field else None)


def _unknown(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    model = section_at(sheet.model, path[:-1])
    sheet.blame(
        path, "unknown key", _right_key(sheet.model, model or sheet.model, str(path[-1])), at_key=True
    )


def _right_key(root: type[Section], model: type[Section], key: str) -> str:
    """What was meant: the same key elsewhere, else the nearest one here, else the nearest elsewhere, else all of here."""
    elsewhere = _paths(root)
    if key in elsewhere:
        return f"it belongs at {' or '.join(elsewhere[key][:4])}"
    near = nearest(key, names(model))
    if near:
        return f"did you mean {near}?"
    near = nearest(key, elsewhere)
    if near:
        return f"did you mean {elsewhere[near][0]}?"
    return f"allowed: {', '.join(sorted(shown_names(model)))}"


def _paths(model: type[Section], before: str = "") -> dict[str, list[str]]:
    """Every key that there is anywhere, each with the dotted paths where it stands."""
    found: dict[str, list[str]] = {}
    for key, name in names(model).items():
        path = f"{before}{key}"
        found.setdefault(key, []).append(path)
        inner = section_of(model.model_fields[name].annotation)
        for deeper, paths in _paths(inner, f"{path}.").items() if inner else ():
            found.setdefault(deeper, []).extend(paths)
    return found


def _section_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    model = section_at(sheet.model, path)
    hint = f"keys: {', '.join(shown_names(model))}" if model else None
    sheet.blame(path, f"expected keys under it, indented, {_got(sheet, path)}", hint)


def _list_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    sheet.blame(
        path, f"expected a list, {_got(sheet, path)}", "begin each entry with a dash, or write [a, b]"
    )


def _text_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    value = sheet.written(path)
    simple = isinstance(value, int | float) and not sheet.is_secret(path)
    hint = "put it in quotes, so that it is read as text" if isinstance(value, int | float) else None
    if simple and not isinstance(value, bool):
        hint = f"{hint}, exactly as it is meant"
    sheet.blame(path, f"expected text, {_got(sheet, path)}", hint)


def _key_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    sheet.blame(path, "this name can't be used", "a name is a short text without line breaks", at_key=True)


def _path_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    hint = "rules stand in a file of their own, rules.yaml" if path == ("rules",) else None
    hint = "people stand in a file of their own, people.yaml" if path == ("people",) else hint
    sheet.blame(path, f"expected the name of a file or folder, {_got(sheet, path)}", hint)


def _out_of_range(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    field = field_at(sheet.model, path)
    ends = {type(mark).__name__: mark for mark in (field.metadata if field else ())}
    low, high = getattr(ends.get("Ge"), "ge", 1), getattr(ends.get("Le"), "le", None)
    sheet.blame(path, f"expected a whole number {_between(low, high)}, {_got(sheet, path)}")


def _between(low: Any, high: Any) -> str:
    return f"from {low} to {high}" if high is not None else f"of at least {low}"


def _truth_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    sheet.blame(path, f"expected true or false, {_got(sheet, path)}")


def _choice_wanted(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    allowed = details.get("ctx", {}).get("expected", "").replace("'", "").replace(" or ", ", ")
    near = nearest(str(sheet.written(path)), allowed.split(", "))
    sheet.blame(
        path,
        f"not one of the choices, {_got(sheet, path)}",
        f"allowed: {allowed}" + (f"; did you mean {near}?" if near else ""),
    )


def _empty(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    if not _dig(sheet.data, path):  # else its entries are wrong, and that is said
        sheet.blame(path, "is empty", "give a value, or leave the key out")


def _too_long(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    sheet.blame(path, f"is too long; at most {details.get('ctx', {}).get('max_length')} characters")


def _own_words(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    """A ValueError of `kinds`: its text is already meant for people; "what; hint"."""
    message, _, hint = str(details["ctx"]["error"]).partition("; ")
    value = sheet.written(path)
    if not isinstance(value, dict) and repr(value) not in message:
        message = f"{message}, {_got(sheet, path)}"
    sheet.blame(path, message, hint or None)


def _other(sheet: Sheet, path: Keys, details: ErrorDetails) -> None:
    sheet.blame(path, f"{details['msg'][:1].lower()}{details['msg'][1:]}, {_got(sheet, path)}")


def _got(sheet: Sheet, path: Keys) -> str:
    """What stands there, as far as it may be shown: of a secret, and of whatever came from one, nothing."""
    if sheet.is_secret(path):
        return "got something else (not shown, it is a secret)"
    value = sheet.written(path) if sheet.origin(path) is None else _dig(sheet.data, path)
    if isinstance(value, dict):
        return "got keys"
    if isinstance(value, list):
        return "got a list"
    if value is None:
        return "got nothing"
    if isinstance(value, bool):
        return f"got {str(value).lower()}"
    return f"got {clip(masked(repr(value)), _SHOWN)}"


def _dig(data: Any, path: Keys) -> Any:
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
    return data


_SAID: dict[str, Callable[[Sheet, Keys, ErrorDetails], None]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "model_type": _section_wanted,
    "model_attributes_type": _section_wanted,
    "dict_type": _section_wanted,
    "tuple_type": _list_wanted,
    "string_type": _text_wanted,
    "path_type": _path_wanted,
    "int_type": _out_of_range,
    "int_parsing": _out_of_range,
    "greater_than_equal": _out_of_range,
    "less_than_equal": _out_of_range,
    "bool_type": _truth_wanted,
    "bool_parsing": _truth_wanted,
    "literal_error": _choice_wanted,
    "too_short": _empty,
    "string_too_short": _empty,
    "string_too_long": _too_long,
    "value_error": _own_words,
}
