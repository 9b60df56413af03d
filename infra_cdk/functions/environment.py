"""Every value that a function's settings may ask for, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from contracts import settings
from contracts.settings import Settings


class UnknownSettingError(KeyError):
    """A settings class asks for a value that the stack doesn't have."""


class SettingsSource:
    """Gives each function the settings that its class in `contracts.settings` lists, and no others."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def having(self, **more: str) -> SettingsSource:
        return SettingsSource({**self._values, **more})

    def settings_of(self, state: str) -> Settings:
        """The settings of a state's function: `IngestData` has `IngestDataSettings`."""
        kind: type[Settings] = getattr(settings, f"{state}Settings")
        names = [field.name for field in fields(kind)]
        unknown = [name for name in names if name not in self._values]
        if unknown:
            raise UnknownSettingError(
                f"{kind.__name__} asks for {', '.join(unknown)}: add it to the stack's values"
            )
        return kind(**{name: self._values[name] for name in names})
