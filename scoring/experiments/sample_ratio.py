"""Whether callers, or labels, are spread over the arms as they should be: a test that may be looked at at any
time.

Lindon and Malek, "Anytime-valid inference for multinomial count data" (2022): the Bayes factor of a Dirichlet
prior around the expected shares against those shares themselves is a martingale where they hold; so it ever
exceeds 1 / alpha with a chance of alpha at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, lgamma, log

CONCENTRATION = 100.0
"""Of the prior: deviations of some percent are what it looks for."""


def log_evidence(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The natural logarithm of the evidence against the shares, which are above 0 and sum to 1.

    Where the shares change, each part of the experiment gives its own, and their sum is the evidence.
    """
    total = sum(counts)
    prior = [CONCENTRATION * share for share in shares]
    evidence = lgamma(CONCENTRATION) - lgamma(CONCENTRATION + total)
    for count, expected, share in zip(counts, prior, shares, strict=True):
        evidence += lgamma(expected + count) - lgamma(expected) - count * log(share)
    return evidence


def is_mismatch(counts: Sequence[int], weights: Sequence[float], *, alpha: float) -> bool:
    """Whether the counts refute the weights at a level of `alpha`, however often they are looked at.

    A count where there is no weight does so at once.
    """
    if any(count and not weight for count, weight in zip(counts, weights, strict=True)):
        return True
    used = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight]
    whole = sum(weight for _, weight in used)
    if not whole:
        return False
    shares = [weight / whole for _, weight in used]
    evidence = log_evidence([count for count, _ in used], shares)
    return evidence >= (-log(alpha) if alpha > 0 else inf)
