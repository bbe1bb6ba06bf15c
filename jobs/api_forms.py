"""Forms: which form a text in a request must have, and in what words one that has it not is refused."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

_FORMS: dict[str, str] = {}
# What is to be said instead, where pydantic speaks to programmers.
_SAID = {
    "int_type": "say a whole number",
    "int_parsing": "say a whole number",
    "int_from_float": "say a whole number",
    "float_type": "say a number",
    "float_parsing": "say a number",
    "finite_number": "say a finite number",
    "bool_type": "say true or false",
    "bool_parsing": "say true or false",
    "string_type": "say a text, in quotes",
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
}


def formed(pattern: str, words: str, **more: Any) -> Any:
    """The Field of a text of one form; a text that has it not is refused in these words instead of the pattern."""
    _FORMS[pattern] = words
    return Field(pattern=pattern, **more)


def named(**more: Any) -> Any:
    """The Field of a name out of the configuration."""
    return formed(r"^[a-z0-9][a-z0-9-]{0,30}$", "it is named in small letters, digits and hyphens", **more)


def clean(**more: Any) -> Any:
    """The Field of any text that a database keeps: PostgreSQL has no NUL."""
    return formed(r"^[^\u0000]*$", "it holds a character that no text has (U+0000)", **more)


def of_control(**more: Any) -> Any:
    """The Field of what proves who has a plotter's controls."""
    return formed(r"^[0-9a-f]{16}$", "it is no token of a plotter's controls", **more)


def said(one: Mapping[str, Any]) -> str:
    """What is wrong with a value, in words; `one`: an error of pydantic's."""
    if one["type"] == "string_pattern_mismatch":
        return _FORMS.get(one["ctx"]["pattern"], str(one["msg"])[:300])
    return _SAID.get(one["type"], str(one["msg"])[:300])
