"""What is added to ministack, in the order in which it is added."""

from __future__ import annotations

import importlib

from localcloud import identity
from localcloud.cloud import Cloud

_MODULES = (
    "localcloud.functions",
    "localcloud.states",
    "localcloud.registry",
    "localcloud.buckets",
    "localcloud.uploads",
    "localcloud.encryption",
    "localcloud.topics",
    "localcloud.deliveries",
    "localcloud.network",
    "localcloud.references",
    "localcloud.template_rules",
    "localcloud.passing",
    "localcloud.simulation",
    "localcloud.redrive",
    "localcloud.queue_urls",
    "localcloud.queue_metrics",
    "localcloud.cloudwatch",
    "localcloud.sagemaker",
    "localcloud.doors",
    "localcloud.faults",  # last: around all the others
)


def install(cloud: Cloud) -> None:
    """Install every plug-in; each mends or adds one service."""
    identity.install()
    for name in _MODULES:
        importlib.import_module(name).install(cloud)
