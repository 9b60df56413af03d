"""Lets Python take this Linux for a Mac: no /proc, no affinity, no namespaces, no process descriptors.

Goes before everything else where this folder is on PYTHONPATH. The interpreter and psutil themselves keep
their own ways: psutil works on both systems.
"""

import builtins
import os
import sys
import sysconfig
import types
from typing import Any

import psutil  # noqa: F401 - while the platform is still known

sysconfig.get_config_vars()  # kept from here on; a Mac's would be another file

_SPARED = ("psutil", "importlib", "_frozen_importlib")


def _is_proc(path: Any) -> bool:
    try:
        return os.fsdecode(path).startswith(("/proc", "/sys/fs/cgroup"))
    except TypeError:
        return False


def _without_proc(call: Any) -> Any:
    def refused(path: Any, *arguments: Any, **options: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        if _is_proc(path) and not caller.startswith(_SPARED):
            raise FileNotFoundError(2, "No such file or directory", path)
        return call(path, *arguments, **options)

    return refused


for _module, _name in ((builtins, "open"), (os, "open"), (os, "listdir"), (os, "scandir"), (os, "stat")):
    setattr(_module, _name, _without_proc(getattr(_module, _name)))
for _missing in ("sched_getaffinity", "sched_setaffinity", "pidfd_open"):
    if hasattr(os, _missing):
        delattr(os, _missing)
# What urllib asks a Mac for.
_proxies = types.ModuleType("_scproxy")
_proxies._get_proxy_settings = _proxies._get_proxies = dict  # type: ignore[attr-defined]
sys.modules["_scproxy"] = _proxies
sys.platform = "darwin"
os.environ["LOCALCLOUD_NAMESPACES"] = "off"
