"""Merging fields into words."""

import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.note import MergeError, fields_of, literal, merge


def test_fields_fallbacks_and_literal_braces() -> None:
    words = "Dear {first_name}, {{sic}} from {agent|All of us}"
    assert merge(words, {"first_name": "Zoë"}) == "Dear Zoë, {sic} from All of us"
    assert merge(words, {"first_name": " Zoë ", "agent": "Kim"}) == "Dear Zoë, {sic} from Kim"
    assert fields_of(words) == {"first_name": None, "agent": "All of us"}


def test_every_missing_field_is_named_at_once() -> None:
    with pytest.raises(MergeError) as caught:
        merge("{a} {b} {c|x} {a} {d|}", {"b": "  "})
    assert caught.value.missing == ("a", "b", "d")
    assert "{a} is empty or unknown" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dear {", "a single '{' at character 6"),
        ("Dear } x", "write }} for a literal brace"),
        ("{first name}", "is no field"),
        ("{}", "is no field"),
        ("{0.__class__}", "is no field"),
        ("{a!r} {b:>9}", "is no field"),
    ],
)
def test_stray_braces_are_refused_with_their_place(text: str, words: str) -> None:
    with pytest.raises(MergeError, match=words):
        merge(text, {"a": "1", "b": "2"})


def test_what_a_field_brings_in_is_not_merged_again() -> None:
    assert merge("{a}", {"a": "{b} {{", "b": "no"}) == "{b} {{"


@given(st.text())
def test_literal_words_merge_into_themselves(text: str) -> None:
    assert merge(literal(text), {}) == text


@given(st.text(), st.dictionaries(st.sampled_from("abc"), st.text()))
def test_merge_answers_or_refuses_and_nothing_else(text: str, fields: dict[str, str]) -> None:
    with contextlib.suppress(MergeError):
        assert isinstance(merge(text, fields), str)


def test_the_samples_merge() -> None:
    templates = tomllib.loads(Path("examples/templates.toml").read_text(encoding="utf-8"))
    fields = {"first_name": "Ana", "product": "the paper lamp", "agent": "Piotr"}
    for template in templates.values():
        assert "{" not in merge(template["text"], fields)
    assert merge(templates["birthday"]["text"], {"first_name": "Ana"}).endswith("All of us")


@pytest.mark.parametrize("nothing", ["\u200b", "\ufeff", "\u00ad\u200d", " \u2060 "])
def test_a_field_that_leaves_no_ink_is_empty(nothing: str) -> None:
    with pytest.raises(MergeError) as caught:
        merge("Dear {n}, hi", {"n": nothing})
    assert caught.value.missing == ("n",)
    assert merge("Dear {n|friend}, hi", {"n": nothing}) == "Dear friend, hi"
