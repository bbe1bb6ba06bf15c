"""Habits: what one person always does with their letters, so that two people taught the same face differ."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fonts.bend import misses, moved, turns
from fonts.chance import Floats, Keys, keys, normal, uniform
from fonts.face import Face, Glyph
from fonts.manner import Manner
from plotter.strokes import Stroke

# How far a person's mean letter lies from the drawn one, x-heights, at each of its turns; and the sd of the logs of
# its width and height. Two people differ more than one from themselves (.157 x-heights, doc of `hand`).
_OWN = 0.05
_OWN_WIDTH, _OWN_HEIGHT, _OWN_FOOT = 0.07, 0.045, 0.03
_RARE = 0.25  # an alternate is drawn this much more rarely than the face says once it is not this person's main form


def adopt(face: Face, manner: Manner) -> Face:
    """The face as this person writes it: proportions of `manner`, their own main forms and their own mean letters."""
    glyphs: Mapping[str, tuple[Glyph, ...]] = face.glyphs
    if manner.ascender != 1 or manner.descender != 1:
        glyphs = {char: tuple(_stretched(form, manner) for form in forms) for char, forms in glyphs.items()}
    if manner.own:
        seed = int.from_bytes(hashlib.sha256(manner.own.encode()).digest()[:8], "big")
        glyphs = {char: _owned(char, forms, seed) for char, forms in glyphs.items()}
    return replace(
        face,
        glyphs=glyphs,
        ascender=1 + (face.ascender - 1) * manner.ascender,
        cap_height=1 + (face.cap_height - 1) * (0.5 + 0.5 * manner.ascender),
        descender=face.descender * manner.descender,
    )


def _stretched(form: Glyph, manner: Manner) -> Glyph:
    """Ascenders and descenders longer or shorter; what lies between the lines stays."""

    def one(ink: Stroke) -> Stroke:
        x, y = ink.T
        above = np.maximum(y - 1, 0) * (manner.ascender - 1)
        below = np.minimum(y, 0) * (manner.descender - 1)
        return np.column_stack((x, y + above + below))

    return replace(form, strokes=tuple(map(one, form.strokes)), late=tuple(map(one, form.late)))


def _owned(char: str, forms: tuple[Glyph, ...], seed: int) -> tuple[Glyph, ...]:
    place = [ord(char[0])]
    choice = [k for k, form in enumerate(forms) if not (form.places or form.after or form.before)]
    order = list(range(len(forms)))
    if len(choice) > 1 and char.isalnum():
        weights = np.sqrt([forms[k].weight for k in choice])
        whim = float(uniform(keys(seed, "main", place), 1)[0, 0])
        main = choice[int(np.searchsorted(np.cumsum(weights / weights.sum()), whim))]
        if main != choice[0]:
            first = choice[0]
            heavy, light = forms[first].weight, forms[main].weight
            forms = tuple(
                replace(form, weight=heavy if k == main else light * _RARE if k == first else form.weight * _RARE)
                if k in choice
                else form
                for k, form in enumerate(forms)
            )
            order = [main, *(k for k in order if k != main)]
    shared = normal(keys(seed, "letter", place), 3)[0]
    out = []
    for k in order:
        out.append(_shaped(forms[k], shared, keys(seed, "form", place, [k])))
    return tuple(out)


def _shaped(form: Glyph, shared: Floats, key: Keys) -> Glyph:
    """The form wider or narrower, taller or lower, and with its turns elsewhere."""
    length = sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in form.strokes)
    if length < 0.5:
        return form
    wide, tall = math.exp(_OWN_WIDTH * shared[0]), math.exp(_OWN_HEIGHT * shared[1])
    ink, found = np.concatenate(form.strokes), turns(form.strokes)
    z = normal(key, 2 * found.count).reshape(1, 2, -1)
    miss = misses(z, np.array([found.count]))[0]
    bent = ink * (wide, tall) + min(1.0, length / 3) * _OWN * moved(miss, found)
    bent[:, 1] += _OWN_FOOT * shared[2]
    cuts = np.cumsum([len(one) for one in form.strokes])[:-1]
    move = np.array((0.0, _OWN_FOOT * shared[2]))
    return replace(
        form,
        strokes=tuple(np.split(bent, cuts)),
        late=tuple(one * (wide, tall) + move for one in form.late),
        advance=form.advance * wide,
        anchors={name: (x * wide, y * tall) for name, (x, y) in form.anchors.items()},
    )
