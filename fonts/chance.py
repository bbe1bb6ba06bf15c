"""Chance from keys: the same seed and place give the same numbers in every process and on every machine."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(x: Keys) -> Keys:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014): 64 bits in, 64 well mixed bits out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def keys(seed: int, kind: str, *places: Sequence[int] | NDArray[np.int64]) -> Keys:
    """One key for each place: same seed, kind and place, same key."""
    name = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:8], "big")
    state = np.array([seed & 0xFFFFFFFFFFFFFFFF, (seed >> 64) & 0xFFFFFFFFFFFFFFFF, name], dtype=np.uint64)
    key = np.zeros(1, dtype=np.uint64)
    for one in state:
        key = mixed(key + one + _GOLDEN)
    for place in places:
        key = mixed(key + np.asarray(place, dtype=np.int64).astype(np.uint64) + _GOLDEN)
    return key


def uniform(key: Keys, n: int) -> Floats:
    """`n` numbers in [0, 1) for each key."""
    return (_bits(key, n) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: Keys, n: int) -> Floats:
    """`n` nearly normal numbers for each key: mean 0, sd 1, never beyond 3.5.

    Sums of four uniforms: exact in binary, so that no machine's logarithm comes into it.
    """
    bits = _bits(key, n)
    mask = np.uint64(0xFFFF)
    total = sum(((bits >> np.uint64(16 * k)) & mask).astype(np.float64) for k in range(4))
    return (np.asarray(total) / 65536.0 - 2.0 + 2.0 / 65536.0) * math.sqrt(3.0)


def _bits(key: Keys, n: int) -> Keys:
    return mixed(key[:, None] + np.arange(1, n + 1, dtype=np.uint64) * _GOLDEN)
