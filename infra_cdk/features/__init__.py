"""The feature groups of a stage, and who may read and write them."""

from __future__ import annotations

from infra_cdk.features.store import FeatureStore as FeatureStore
