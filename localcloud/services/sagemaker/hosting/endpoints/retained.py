"""What an endpoint keeps of itself when it is updated with RetainAllVariantProperties.

API reference, UpdateEndpoint and VariantProperty: counts, weights and data capture are the endpoint's
own, as scaling and UpdateEndpointWeightsAndCapacities left them, but for the properties that are excluded.
"""

from __future__ import annotations

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.hosting.endpoints.live import LiveEndpoint
from localcloud.services.sagemaker.hosting.fleet.fleet import Variant
from localcloud.services.sagemaker.store import Document


def with_retained(request: Document, config: Document, live: LiveEndpoint) -> Document:
    """The endpoint config as the update deploys it; ValidationError for exclusions from nothing."""
    excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties") or ()}
    if not request.get("RetainAllVariantProperties"):
        if excluded:
            raise ValidationError(
                "ExcludeRetainedVariantProperties excludes from what RetainAllVariantProperties retains, "
                "and that is not true."
            )
        return config
    if live.current is None:
        return config
    there = live.current.variants
    variants = [
        _keeping(variant, there.get(variant["VariantName"]), excluded)
        for variant in config["ProductionVariants"]
    ]
    kept = {**config, "ProductionVariants": variants}
    if "DataCaptureConfig" not in excluded:
        kept.pop("DataCaptureConfig", None)
        if live.capture is not None:
            kept["DataCaptureConfig"] = live.capture
    return kept


def _keeping(wanted: Document, there: Variant | None, excluded: set[str]) -> Document:
    """A variant with the count and the weight of the one that serves under its name."""
    if there is None:
        return wanted
    kept = dict(wanted)
    if "DesiredInstanceCount" not in excluded:
        kept["InitialInstanceCount"] = there.count
    if "DesiredWeight" not in excluded:
        kept["InitialVariantWeight"] = there.weight
    return kept
