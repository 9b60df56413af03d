"""What stops a draft."""

from __future__ import annotations


class DraftError(ValueError):
    """No configuration can be drafted from this file; the message says where, why and what to do."""
