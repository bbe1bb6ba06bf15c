"""Greeting, body, closing and signature are told from the note's own lines, and nothing else is taken for them."""

import pytest

from fonts.parts import parts

NOTES = {
    "Dear Ana,\nthank you!\nJo": "gbs",
    "Dear Sarah,\nI packed it myself.\nWith love,\nMargaret": "gbcs",
    "Liebe Frau Müller,\nherzlichen Dank für Ihre Bestellung.\nViele Grüße aus der Werkstatt\nJürgen": "gbcs",
    "Dear Mr. Okonkwo,\n\nthank you for waiting.\n\nYours,\nBeth": "g b cs",
    "Hi Grace!\nThe replacement lid is in the post; sorry about the week.\nT.": "gbs",
    "You should not have had to shout.\nThank you for doing it anyway.\nNora (the one who answered)": "bbs",
    "Thank you for 12½ years.\n– Your friends in shipping.": "bs",
    "Dear all,\nfirst this.\n\nThen that.\n\nAll the best,\nyours as ever,\nPat & Sam": "gb b ccs",
    "Dear Ana,\nthank you for your order.\nWarmly,": "gbc",
    "Thank you.\n\nYours,": "b c",
    # Nothing of the kind.
    "Happy birthday, Sam! Save me a slice.": "b",
    "Thank you!\nThank you again.": "gb",
    "Roses are red,\nviolets are blue,\nhoney is sweet\nand so are you": "gbbb",
    "Dear Ana,\nthank you": "gb",
    "Mind the step.\nIt is higher than it looks.": "bb",
    "one\ntwo\nthree": "bbb",
    "": " ",
}
LETTER = {"greeting": "g", "body": "b", "closing": "c", "signature": "s", "gap": " "}


@pytest.mark.parametrize("text", NOTES)
def test_lines_are_told_apart(text: str) -> None:
    assert "".join(LETTER[part] for part in parts(text.split("\n"))) == NOTES[text]
