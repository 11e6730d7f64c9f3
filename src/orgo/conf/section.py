"""What all sections of a configuration share: frozen, no unknown keys, an empty key is a key not given."""

from typing import Any, ClassVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

Keys = tuple[str | int, ...]


class Section(BaseModel):
    """A map of known keys. `synonyms` are other spellings of a key, each with the field that it stands for."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=True, hide_input_in_errors=True
    )
    synonyms: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, data: Any) -> Any:
        """Drop known keys without a value (`web:` above commented lines), spell synonyms out, complete what follows."""
        if not isinstance(data, dict):
            return data
        known = names(cls)
        given = {key: value for key, value in data.items() if value is not None or key not in known}
        for other, field in cls.synonyms.items():
            if other in given and field not in given:
                given[field] = given.pop(other)
        return cls.complete(given)

    @classmethod
    def complete(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Fill in what follows from the other keys; a section overrides it where there is such a thing."""
        return data


def names(model: type[Section]) -> dict[str, str]:
    """Every key that a section takes, each with its field's name."""
    found = {name: name for name in model.model_fields} | model.synonyms
    found.update({field.alias: name for name, field in model.model_fields.items() if field.alias})
    return found


def shown_names(model: type[Section]) -> list[str]:
    """The keys of a section as the documentation writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def section_of(annotation: Any) -> type[Section] | None:
    """The section inside an annotation such as `tuple[Mailbox, ...]`, `Smtp | None` or `dict[Text, Calendar]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_of(part))), None)


def contains(annotation: Any, kind: type) -> bool:
    """Whether a type, such as SecretStr, stands somewhere in an annotation."""
    return annotation is kind or any(contains(part, kind) for part in get_args(annotation))


def is_map(field: FieldInfo) -> bool:
    """Whether a field is a map whose keys are names that the user chooses (`calendars`)."""
    return get_origin(field.annotation) is dict


def is_list(field: FieldInfo) -> bool:
    """Whether a field is a list."""
    return get_origin(field.annotation) is tuple


def field_at(model: type[Section], path: Keys) -> FieldInfo | None:
    """The field that a path of keys and numbers leads to, or None where there is no such key."""
    here: type[Section] | None = model
    found: FieldInfo | None = None
    free = False
    for key in path:
        if isinstance(key, int) or free:
            free = False
            continue
        name = names(here).get(key) if here else None
        if here is None or name is None:
            return None
        found = here.model_fields[name]
        here, free = section_of(found.annotation), is_map(found)
    return found


def section_at(model: type[Section], path: Keys) -> type[Section] | None:
    """The section that a path leads to (the model itself for an empty path), or None where there is no section."""
    if not path:
        return model
    field = field_at(model, path)
    return section_of(field.annotation) if field else None


def leaves(model: type[Section], before: Keys = ()) -> list[tuple[Keys, FieldInfo]]:
    """Every key of a model that has a value of its own, with its path; list numbers and free names are left out."""
    found: list[tuple[Keys, FieldInfo]] = []
    for name, field in model.model_fields.items():
        path = (*before, field.alias or name)
        inner = section_of(field.annotation)
        found.extend(leaves(inner, path) if inner else [(path, field)])
    return found


def dotted(path: Keys) -> str:
    """A path as people write it: mailboxes[1].host."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
