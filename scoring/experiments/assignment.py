"""Which arm answers a caller: by a salted hash of the caller's key, in proportion to the arms' weights.

Weighted rendezvous hashing (Thaler and Ravishankar 1998; the logarithmic weights of Schindelhauer and
Schomaker 2005): each arm draws a number from the key, and the smallest draw over its weight wins. So a key
keeps its arm for as long as the weights stay, and where a weight is changed, only those callers move that
must.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping


def assign(key: str, weights: Mapping[str, float], *, salt: str) -> str:
    """The arm of a caller; `salt` is the experiment's own, so that experiments share no halves.

    Raises ValueError where no arm has a weight, or one has a weight below 0.
    """
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise ValueError(f"weights must be 0 or more, and one above 0; they are {dict(weights)}")
    draws = {
        arm: -math.log(_uniform(f"{salt}\n{arm}\n{key}")) / weight
        for arm, weight in weights.items()
        if weight > 0
    }
    return min(draws, key=lambda arm: (draws[arm], arm))


def _uniform(text: str) -> float:
    """A number above 0 and below 1, of 53 bits."""
    drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11
    return (drawn + 0.5) / 2**53
