"""Who is champion: what the endpoint serves, held against the record of deployments.

The endpoint says what serves. The record is each package's `promoted_at`, written when a deployment was done
and never by a person; an approval alone is no deployment, since anybody may approve a package by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.aws.endpoints import MISSING, Endpoint, EndpointState
from lambdas.aws.registry import ModelRegistry, Package

REJECTED = "Rejected"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`serving` is the package behind the endpoint's config; `promoted` those that were champions and still
    may be, the last deployed first."""

    endpoint: EndpointState
    serving: Package | None
    promoted: Sequence[Package]

    @property
    def champion(self) -> Package | None:
        """The model that a challenger must beat: what serves, unless a person rejected it.

        Where nothing serves, or only what was rejected or is nobody's, it is the last one deployed.
        """
        if self.serving and self.serving.status != REJECTED:
            return self.serving
        return self.promoted[0] if self.promoted else None

    @property
    def previous(self) -> Package | None:
        """The model to go back to: the last one deployed, apart from the one that serves."""
        serving = self.serving.arn if self.serving else ""
        return next((package for package in self.promoted if package.arn != serving), None)

    @property
    def is_endpoint_lost(self) -> bool:
        """Whether a model was deployed, and nothing serves any more."""
        return not self.endpoint.serves and self.endpoint.is_settled and bool(self.promoted)

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing serves that should, or what serves was rejected; the rest rights itself."""
        is_rejected = self.serving is not None and self.serving.status == REJECTED
        return self.is_endpoint_lost or (is_rejected and self.endpoint.is_settled)

    @property
    def disagreement(self) -> str:
        """How endpoint and registry differ, as a sentence; empty where they agree."""
        state, champion = self.endpoint, self.champion
        if self.is_endpoint_lost and champion:
            found = "is missing" if state.status == MISSING else f"is {state.status}"
            return f"the endpoint {found}, and version {champion.version} should serve"
        if not state.serves:
            return ""
        if self.serving is None:
            return f"the endpoint serves {state.config_name}, of which no model package knows"
        if self.serving.status == REJECTED:
            return f"the endpoint serves version {self.serving.version}, which was rejected"
        last = self.promoted[0] if self.promoted else None
        if state.is_settled and last and last.arn != self.serving.arn:
            return (
                f"the endpoint serves version {self.serving.version}, and the last deployed is {last.version}"
            )
        return ""


def look(endpoint_name: str, model_package_group_name: str) -> Standing:
    """The endpoint as it is, and the record."""
    registry = ModelRegistry(model_package_group_name)
    state = Endpoint(endpoint_name).state()
    promoted = sorted(registry.promoted(), key=lambda package: package.promoted_at, reverse=True)
    return Standing(
        endpoint=state,
        serving=_serving(registry, state, promoted) if state.serves else None,
        promoted=promoted,
    )


def _serving(registry: ModelRegistry, state: EndpointState, promoted: Sequence[Package]) -> Package | None:
    """Model, config and package share the training job's name."""
    known = next((p for p in promoted if p.training_job_name == state.config_name), None)
    return known or registry.of_training_job(state.config_name)
