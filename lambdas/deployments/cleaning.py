"""Which endpoint configs and models of a pipeline may go. Pure.

A deployment names model and config after its training job: PREFIX and 16 hexadecimal digits. The pattern
keeps another pipeline's resources out, whose prefix may begin with this one's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence


def of_pipeline(names: Sequence[str], prefix: str) -> list[str]:
    """Those of the names that belong to the pipeline of this prefix, in the given order."""
    pattern = re.compile(rf"{re.escape(prefix)}-[0-9a-f]{{16}}(-[a-z0-9-]+)?")
    return [name for name in names if pattern.fullmatch(name)]


def expendable(
    newest_first: Sequence[str], *, keep: int, in_use: Collection[str], rejected: Collection[str] = ()
) -> list[str]:
    """Of those not in use, all but the newest `keep` that were not rejected; what is in use stays."""
    idle = [name for name in newest_first if name not in in_use]
    kept = [name for name in idle if name not in rejected][:keep]
    return [name for name in idle if name not in kept]
