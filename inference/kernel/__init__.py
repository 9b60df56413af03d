"""The compiled engine: trees, weights, feature steps and plain CSV in C.

`load` gives None where it cannot be had, and numpy then does the same work.
"""

from inference.kernel.library import Kernel, load

__all__ = ["Kernel", "load"]
