"""Coverage: which characters each hand can write, and how many forms it has of them."""

import unicodedata
from collections.abc import Mapping

from fonts.face import Face

_VIETNAMESE = "ăâđêôơưĂÂĐÊÔƠƯ" + "".join(
    unicodedata.normalize("NFC", letter + tone)
    for letter in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in "\u0300\u0301\u0303\u0309\u0323"
)
# Characters without a letter of their own: soft hyphen, currency sign, and marks that stand for themselves.
_BARE = frozenset("\xad¤¨¯¸")
BLOCKS: Mapping[str, str] = {
    "ASCII": "".join(map(chr, range(0x21, 0x7F))),
    "Latin-1": "".join(char for char in map(chr, range(0xA1, 0x100)) if char not in _BARE),
    "Latin Extended-A": "".join(map(chr, range(0x100, 0x180))),
    "Vietnamese": _VIETNAMESE,
    "drawn specials": "ßæœøłđðþıÆŒØŁĐÐÞ€£&@¿¡«»–—…‘’“”„‚™©°½❤☺★",
}
_FORMS = {"a-z": "abcdefghijklmnopqrstuvwxyz", "A-Z": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0-9": "0123456789"}


def missing(face: Face) -> dict[str, str]:
    """Of each block, the characters that `face` has no letter for."""
    return {block: "".join(char for char in chars if char not in face.glyphs) for block, chars in BLOCKS.items()}


def table(faces: Mapping[str, Face]) -> str:
    """Markdown: a row a hand, `have / of` for each block, characters in all, and forms per letter and digit."""
    head = ("hand", *(f"{block} ({len(chars)})" for block, chars in BLOCKS.items()), "in all")
    head += tuple(f"forms of {name}" for name in _FORMS)
    rows = []
    for name, face in faces.items():
        lacks = missing(face)
        row = [f"`{name}`", *("all" if not lacks[block] else f"without {lacks[block]}" for block in BLOCKS)]
        row.append(str(len(face.glyphs)))
        for chars in _FORMS.values():
            counts = [len(face.glyphs[char]) for char in chars]
            row.append(f"{min(counts)}-{max(counts)}, {sum(counts) / len(counts):.1f} each")
        rows.append(row)
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def page(faces: Mapping[str, Face]) -> str:
    """The page of the docs that says what each hand can write."""
    return (
        "# What each hand can write\n\n"
        "Every hand writes every character of these blocks, accents composed of its own letters; what has no letter\n"
        "is refused by code point and place, never left out. Made from the code and held to it by a test; renew it\n"
        "with `./run fairhand hands --coverage > docs/coverage.md`.\n\n"
    ) + table(faces)
