"""The embedded registry's images: a Dockerfile and its context, kept as the files and the start command.

An image is what its Dockerfile copies and its stages' Python commands make, plus how it is started. Its
digest is a hash of exactly that: the same context gives the same digest wherever the commands make the same
files, and a changed file gives another.
"""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.images import building, dockerfile
from localcloud.images.dockerfile import Copy, DockerfileError, Stage
from localcloud.images.dockerignore import Ignore

_REGISTRY_HOST = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/")


class ImageNotFoundError(LookupError):
    """No image was registered under this URI; the message names what is there."""


@dataclass(frozen=True)
class Image:
    """An image ready to be run by localcloud.containers.container."""

    digest: str
    root: Path
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str
    user: str
    labels: Mapping[str, str]
    base: str
    size_bytes: int
    pushed_at: float
    packages: tuple[str, ...] | None = None
    """Names of the distributions that it asks for; None where that can't be told: whatever is installed."""
    has_compiler: bool = False


class ImageStore:
    """Images under `state_dir`, by repository and tag or digest; they outlive a restart.

    Threads and processes may share one directory: the index on disk is read anew each time.
    """

    def __init__(self, state_dir: Path) -> None:
        self._directory = state_dir / "images"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._index_path = self._directory / "index.json"
        self._lock = threading.RLock()

    def register(
        self,
        repository: str,
        tag: str,
        *,
        context: Path,
        dockerfile_path: str | Path = "Dockerfile",
        build_args: Mapping[str, str] | None = None,
        target: str | None = None,
    ) -> Image:
        """Interpret the Dockerfile of a build context and keep the image as `repository:tag`.

        Raises DockerfileError when an instruction cannot be interpreted or a source is missing.
        """
        path = context / dockerfile_path
        if not path.is_file():
            raise DockerfileError(f"the build context {context} has no {dockerfile_path}")
        stages = dockerfile.parse(path.read_text(), build_args)
        stage = _chosen(stages, target)
        with self._lock, self._other_processes():
            draft = self._directory / f"draft-{os.getpid()}-{time.monotonic_ns()}"
            try:
                packages = _Build(context, Ignore.read(context, path), stages).materialise(stage, draft)
                image = self._keep(stage, draft, packages)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            index = self._index()
            entry = index.setdefault(repository, {"tags": {}, "digests": {}})
            entry["tags"][tag] = image.digest
            entry["digests"].setdefault(image.digest, time.time())
            self._save(index)
            return image

    def resolve(self, uri: str) -> Image:
        """The image of HOST/repository:tag, HOST/repository@digest, or the same without the host."""
        repository, digest = self.locate(uri)
        return self.load(digest, self._index()[repository]["digests"][digest])

    def locate(self, uri: str) -> tuple[str, str]:
        """The repository and digest that an image URI names."""
        name = _REGISTRY_HOST.sub("", uri)
        repository, at, digest = name.partition("@")
        tag = "latest"
        head, colon, tail = repository.rpartition(":")
        if colon and "/" not in tail:
            repository, tag = head, tail
        index = self._index()
        entry = index.get(repository)
        if entry is None:
            known = ", ".join(sorted(index)) or "none"
            raise ImageNotFoundError(f"no image was pushed to repository {repository!r}; there are: {known}")
        found = digest if at else entry["tags"].get(tag)
        if found not in entry["digests"]:
            raise ImageNotFoundError(f"repository {repository!r} has no image {digest if at else tag!r}")
        return repository, found

    def tags(self, repository: str) -> dict[str, list[str]]:
        """Digest → tags of every image of a repository; empty when there is none."""
        entry = self._index().get(repository, {"tags": {}, "digests": {}})
        found: dict[str, list[str]] = {digest: [] for digest in entry["digests"]}
        for tag, digest in sorted(entry["tags"].items()):
            found[digest].append(tag)
        return found

    def load(self, digest: str, pushed_at: float) -> Image:
        """A kept image by its digest."""
        directory = self._directory / digest.replace(":", "-")
        record = json.loads((directory / "image.json").read_text())
        return Image(
            digest=digest,
            root=directory / "root",
            entrypoint=tuple(record["entrypoint"]),
            command=tuple(record["command"]),
            env=record["env"],
            workdir=record["workdir"],
            user=record["user"],
            labels=record["labels"],
            base=record["base"],
            size_bytes=record["size_bytes"],
            pushed_at=pushed_at,
            packages=None if record.get("packages") is None else tuple(record["packages"]),
            has_compiler=record.get("has_compiler", True),
        )

    def _keep(self, stage: Stage, draft: Path, packages: tuple[str, ...] | None) -> Image:
        record = {
            "entrypoint": stage.entrypoint,
            "command": stage.command,
            "env": stage.env,
            "workdir": stage.workdir,
            "user": stage.user,
            "labels": stage.labels,
            "base": stage.base,
            "runs": stage.runs,
            "packages": packages,
            "has_compiler": building.has_compiler(stage),
        }
        content, size = _fingerprint(draft)
        text = json.dumps([record, content], sort_keys=True)
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        directory = self._directory / digest.replace(":", "-")
        if not (directory / "image.json").exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            draft.rename(directory / "root")
            compileall.compile_dir(directory / "root", quiet=2, stripdir=str(directory / "root"))
            (directory / "image.json").write_text(json.dumps({**record, "size_bytes": size}, indent=1))
        return self.load(digest, time.time())

    def _index(self) -> dict[str, dict[str, Any]]:
        """Repository → {tags: tag → digest, digests: digest → when it was pushed}."""
        try:
            index: dict[str, dict[str, Any]] = json.loads(self._index_path.read_text())
        except FileNotFoundError:
            return {}
        return index

    def _save(self, index: dict[str, dict[str, Any]]) -> None:
        draft = self._index_path.with_suffix(".draft")
        draft.write_text(json.dumps(index, indent=1))
        os.replace(draft, self._index_path)

    @contextmanager
    def _other_processes(self) -> Iterator[None]:
        with (self._directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _chosen(stages: list[Stage], target: str | None) -> Stage:
    if target is None:
        return stages[-1]
    for stage in stages:
        if stage.name == target:
            return stage
    raise DockerfileError(f"the Dockerfile has no stage {target!r}")


class _Build:
    """Copies what the stages copy into one directory."""

    def __init__(self, context: Path, ignore: Ignore, stages: list[Stage]) -> None:
        self._context = context
        self._ignore = ignore
        self._stages = stages

    def materialise(self, stage: Stage, root: Path) -> tuple[str, ...] | None:
        """Lay a stage's files out below `root`; the names of the packages that its image has."""
        root.mkdir(parents=True)
        inherited: tuple[str, ...] | None = ()
        for copy in stage.copies:
            if copy.stage is None:
                self._copy(copy, self._context, root, self._ignore)
            else:
                copied = self._copy_from_stage(copy, root)
                inherited = None if copied is None or inherited is None else (*inherited, *copied)
        (root / stage.workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return building.packages(stage, root, inherited)

    def _copy_from_stage(self, copy: Copy, root: Path) -> tuple[str, ...] | None:
        source = next((stage for stage in self._stages if stage.name == copy.stage), None)
        if source is None:
            raise copy.instruction.error(
                f"--from={copy.stage} is not a stage of this Dockerfile; other images cannot be copied from"
            )
        built = root.with_name(f"{root.name}-{copy.stage}")
        try:
            packages = self.materialise(source, built)
            building.run_python(source, built)
            present = tuple(
                path.lstrip("/") for path in copy.sources if list(built.glob(path.lstrip("/") or "."))
            )
            if not present and not source.runs:
                raise copy.instruction.error(f"stage {copy.stage} has no {', '.join(copy.sources)}")
            # What is absent was made by the stage's RUN, which the host's environment stands in for.
            kept = Copy(copy.instruction, present, copy.destination, None)
            self._copy(kept, built, root, Ignore.nothing())
            return packages
        finally:
            shutil.rmtree(built, ignore_errors=True)

    def _copy(self, copy: Copy, origin: Path, root: Path, ignore: Ignore) -> None:
        target = root / copy.destination.strip("/")
        for pattern in copy.sources:
            matched = _matches(origin, pattern)
            if not matched:
                raise copy.instruction.error(f"no {pattern!r} in the build context {origin}")
            into_directory = copy.destination.endswith("/") or len(matched) > 1 or len(copy.sources) > 1
            for source in matched:
                if source.is_dir():
                    _copy_tree(source, target, origin, ignore)
                else:
                    into = into_directory or target.is_dir()
                    _copy_file(source, target / source.name if into else target)


def _matches(origin: Path, pattern: str) -> list[Path]:
    relative = pattern.strip("/")
    if relative in ("", "."):
        return [origin]
    return sorted(origin.glob(relative.removeprefix("./")))


def _copy_tree(source: Path, target: Path, origin: Path, ignore: Ignore) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        if path.is_file() and not ignore.excludes(path.relative_to(origin).as_posix()):
            _copy_file(path, target / path.relative_to(source))


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o700 if os.access(source, os.X_OK) else 0o600)  # the state is this user's alone


def _fingerprint(root: Path) -> tuple[list[list[str]], int]:
    found: list[list[str]] = []
    size = 0
    for path in _files(root):
        data = path.read_bytes()
        size += len(data)
        mode = "x" if os.access(path, os.X_OK) else "-"
        found.append([path.relative_to(root).as_posix(), mode, hashlib.sha256(data).hexdigest()])
    return found, size


def _files(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
