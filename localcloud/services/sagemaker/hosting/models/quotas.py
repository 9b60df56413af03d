"""Account-level limits on instances for endpoints, as Service Quotas keeps them: by instance type.

What an update adds counts beside what still serves, because blue and green stand side by side. Without a
quota given to `up --quota`, there is none.
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html (quotas "TYPE for endpoint usage")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from localcloud.services.sagemaker.errors import ResourceLimitExceededError
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.fleet.fleet import Fleet
from localcloud.services.sagemaker.store import Document


def check(
    quotas: Mapping[str, int],
    serving: Iterable[LiveEndpoint],
    config: Document,
    *,
    at_once: int | None = None,
) -> None:
    """Raise ResourceLimitExceededError if the config's instances don't fit beside all that there are.

    `at_once` is how many a rolling deployment adds before it ends as many others.
    """
    used: Counter[str] = Counter()
    for endpoint in serving:
        for fleet in (endpoint.current, endpoint.pending):
            used.update(_of_fleet(fleet) if fleet is not None else {})
    variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
    for kind, more in _of_config(variants).items():
        limit, more = quotas.get(kind), more if at_once is None else min(more, at_once)
        if limit is not None and used[kind] + more > limit:
            raise ResourceLimitExceededError(_message(kind, limit, used[kind], more))


def _message(kind: str, limit: int, used: int, more: int) -> str:
    return (
        f"The account-level service limit '{kind} for endpoint usage' is {limit} Instances, with current "
        f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service "
        "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS "
        "support to request an increase for this quota."
    )


def _of_fleet(fleet: Fleet) -> Counter[str]:
    counted = [{**variant.config, "InitialInstanceCount": variant.count} for variant in fleet.every]
    return _of_config(counted)


def _of_config(variants: Iterable[Document]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for variant in variants:
        counted[variant["InstanceType"]] += int(variant["InitialInstanceCount"])
    return counted
