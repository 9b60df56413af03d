"""Refuses templates that AWS would refuse: cfn-lint's rules, which follow AWS's own resource schemas.

ministack takes whatever properties it does not know; AWS says "Properties validation failed" or fails the
resource. Only errors count, not warnings. What was found of a template is kept by its hash, so that the same
one is read once. https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import cloudformation_engine as engine

_MOST_SHOWN = 10
Lint = Callable[[str], list[str]]


def install(cloud: Cloud) -> None:
    """Check every template that a stack or a change set is made of."""

    if not available():
        return
    validate = engine.validate_template_statics
    rules = TemplateRules(cache_directory(), lambda text: _lint(text, cloud.region))

    def validate_and_check(template: dict[str, Any]) -> None:
        validate(template)
        rules.check(template)

    engine.validate_template_statics = validate_and_check


def available() -> bool:
    """Whether cfn-lint is installed; without it templates are not checked, which `up` says."""
    from importlib.util import find_spec

    return find_spec("cfnlint") is not None


def cache_directory() -> Path:
    """The user's own cache directory, as the XDG base directory specification names it."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "localcloud" / "templates"


class TemplateRules:
    """The rules, with what they found of each template in a directory of their own."""

    def __init__(self, cache: Path, lint: Lint) -> None:
        self._cache, self._lint = cache, lint

    def check(self, template: Mapping[str, Any]) -> None:
        """Raises ValueError with every error of the template."""
        text = json.dumps(template, sort_keys=True, default=str)
        found = self._known(text)
        if found is None:
            found = self._lint(text)
            self._keep(text, found)
        if found:
            more = [f"and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
            raise ValueError("Template validation failed: " + "; ".join([*found[:_MOST_SHOWN], *more]))

    def _place(self, text: str) -> Path:
        return self._cache / f"{hashlib.sha256((_version() + text).encode()).hexdigest()}.json"

    def _known(self, text: str) -> list[str] | None:
        try:
            found = json.loads(self._place(text).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, list) else None

    def _keep(self, text: str, found: list[str]) -> None:
        """A home that can't be written to costs the time of reading the template again."""
        place = self._place(text)
        draft = place.with_suffix(f".{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(found), encoding="utf-8")
            os.replace(draft, place)
        except OSError:
            return


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("cfn-lint")
    except PackageNotFoundError:
        return ""


def _lint(text: str, region: str) -> list[str]:
    """Each error as `Resource/Path: message (rule)`."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    matches = lint(text, config=ManualArgs(regions=[region], ignore_checks=["W", "I"]))
    return [
        f"{'/'.join(str(part) for part in match.path[1:])}: {match.message} ({match.rule.id})"
        for match in matches
    ]
