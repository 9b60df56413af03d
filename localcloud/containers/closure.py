"""Which of the installed distributions an image or a function has: those that it asks for, and what they
need.

The host's virtual environment stands in for what an image's RUN would install; of it a program shall see what
its own lock names and nothing else, so that a missing requirement is found here and not on AWS.
"""

from __future__ import annotations

import re
import shlex
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LAMBDA_RUNTIME = frozenset({"awslambdaric", "boto3"})
"""What Lambda's Python runtimes and base images bring along."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?")
_TAKES_A_VALUE = frozenset({"-t", "--target", "-i", "--index-url", "--extra-index-url", "-c", "--constraint"})
_TAKES_A_VALUE |= {"--platform", "--python-version", "--only-binary", "--no-binary", "--prefix", "--root"}
_PYTHON_IMAGE = re.compile(r"(?:^|/)python[:@]|^python$")
_LAMBDA_IMAGE = re.compile(r"(?:^|/)lambda/python[:@]")


def site_directory() -> Path:
    """Where this Python's distributions lie."""
    return Path(sysconfig.get_path("purelib"))


def closure(names: Iterable[str]) -> frozenset[str]:
    """The installed ones of these and of all that they require, here; what isn't installed is left out."""
    found: set[tuple[str, str]] = set()
    waiting = [_wanted(name) for name in names]
    waiting += [(name, "") for name, extra in waiting if extra]
    while waiting:
        name, extra = waiting.pop()
        distribution = _installed().get(name)
        if (name, extra) in found or distribution is None:
            continue
        found.add((name, extra))
        for line in distribution.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, ""), *((needed, further) for further in requirement.extras)]
    return frozenset(name for name, _ in found)


def distribution(name: str) -> Distribution:
    """An installed distribution by its canonical name."""
    return _installed()[name]


def base_names(base: str) -> frozenset[str] | None:
    """What an image starts with: nothing for Python's own; None where the base has who knows what."""
    if _LAMBDA_IMAGE.search(base):
        return LAMBDA_RUNTIME
    return frozenset() if _PYTHON_IMAGE.search(base) else None


def asked_for(run: str, directories: Sequence[Path]) -> frozenset[str] | None:
    """What a RUN asks pip to install; None for what can't be told, such as a wheel or a directory.

    `directories`: where a requirements file may lie, the image's root first.
    """
    names: set[str] = set()
    for words in _pip_arguments(run):
        rest = iter(words)
        for word in rest:
            if word in ("-r", "--requirement") or word.startswith("--requirement="):
                name = word.partition("=")[2] or next(rest, "")
                listed = _listed(name, directories)
                if listed is None:
                    return None
                names |= listed
            elif word in _TAKES_A_VALUE:
                next(rest, None)
            elif not word.startswith("-"):
                match = _NAME.match(word)
                if match is None or "/" in word or word.endswith(".whl"):
                    return None
                names.add(match[0])
    return frozenset(names)


def _pip_arguments(run: str) -> Iterator[list[str]]:
    """The words after `install` of each pip in a shell command."""
    for command in re.split(r"&&|\|\||;", run):
        try:
            words = shlex.split(command)
        except ValueError:
            continue
        if "install" in words:
            before = words[: words.index("install")]
            if any(Path(word).name in ("pip", "pip3") for word in before):
                yield words[words.index("install") + 1 :]


def _listed(name: str, directories: Sequence[Path]) -> set[str] | None:
    """The names in a requirements file."""
    path = next(
        (place / name.lstrip("/") for place in directories if (place / name.lstrip("/")).is_file()), None
    )
    if path is None:
        return None
    names: set[str] = set()
    for raw in path.read_text().splitlines():
        line = raw.strip()
        if line.startswith(("-r ", "--requirement ")):
            further = _listed(line.split()[1], [path.parent, *directories])
            if further is None:
                return None
            names |= further
        elif line and not line.startswith(("#", "-")) and (match := _NAME.match(line)):
            names.add(match[0])
    return names


def _wanted(name: str) -> tuple[str, str]:
    try:
        requirement = Requirement(name)
    except InvalidRequirement:
        return canonicalize_name(name), ""
    return canonicalize_name(requirement.name), next(iter(requirement.extras), "")


@cache
def _installed() -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for path in site_directory().glob("*.dist-info"):
        found[canonicalize_name(path.name.split("-")[0])] = PathDistribution(path)
    return found
