"""Reads a Dockerfile as far as the embedded cloud needs it: what is copied, and how the image is started.

RUN is recorded; `building`, beside this, says what becomes of it. An instruction that would change the image
in a way that is not kept here is an error, never ignored. Source:
https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

IGNORED = frozenset({"EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "SHELL", "MAINTAINER"})
_VARIABLE = re.compile(r"\\\$|\$(?:\{(\w+)(?::([-+])([^}]*))?\}|(\w+))")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s*")


class DockerfileError(ValueError):
    """The Dockerfile cannot be interpreted; the message names the line and what to do."""


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined."""

    line: int
    name: str
    text: str

    def error(self, problem: str) -> DockerfileError:
        return DockerfileError(f"Dockerfile line {self.line}: {self.name} {self.text[:80]}: {problem}")


@dataclass(frozen=True)
class Copy:
    """Copy `sources` to `destination`, from the build context or from an earlier stage."""

    instruction: Instruction
    sources: tuple[str, ...]
    destination: str
    stage: str | None


@dataclass
class Stage:
    """One FROM and what follows it."""

    base: str
    name: str | None
    copies: list[Copy] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    workdir: str = "/"
    user: str = ""
    arguments: dict[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """What $NAME may stand for here: an ENV beats an ARG of the same name."""
        return {**self.arguments, **self.env}


def parse(text: str, build_args: Mapping[str, str] | None = None) -> list[Stage]:
    """The stages of a Dockerfile, the last of which is the image."""
    return _Interpreter(dict(build_args or {})).run(list(instructions(text)))


def instructions(text: str) -> list[Instruction]:
    """The instructions with comments dropped and continuation lines joined."""
    found: list[Instruction] = []
    pending: list[str] = []
    start = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        start = start if pending else number
        if line.endswith("\\"):
            pending.append(line[:-1].strip())
            continue
        pending.append(line)
        name, _, rest = " ".join(pending).partition(" ")
        found.append(Instruction(start, name.upper(), rest.strip()))
        pending = []
    if pending:
        raise DockerfileError(f"Dockerfile line {start}: the last line ends with a backslash")
    return found


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace $NAME, ${NAME}, ${NAME:-default} and ${NAME:+alternative}."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "\\$":
            return "$"
        held = variables.get(match[1] or match[4], "")
        if match[2] == "-":
            return held or match[3]
        if match[2] == "+":
            return match[3] if held else ""
        return held

    return _VARIABLE.sub(value, text)


def command_words(text: str) -> tuple[str, ...]:
    """The words of ENTRYPOINT or CMD: the JSON form, or the shell form run by /bin/sh -c."""
    if text.startswith("["):
        words = json.loads(text)
        if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            raise ValueError("the JSON form must be an array of strings")
        return tuple(words)
    return ("/bin/sh", "-c", text)


class _Interpreter:
    def __init__(self, build_args: dict[str, str]) -> None:
        self._build_args = build_args
        self._global_arguments: dict[str, str] = {}
        self._stages: list[Stage] = []

    def run(self, found: list[Instruction]) -> list[Stage]:
        for instruction in found:
            self._apply(instruction)
        if not self._stages:
            raise DockerfileError("the Dockerfile has no FROM")
        return self._stages

    def _apply(self, instruction: Instruction) -> None:
        if instruction.name in IGNORED:
            return
        if instruction.name == "FROM":
            self._from(instruction)
            return
        if instruction.name == "ARG" and not self._stages:
            self._declare(instruction, self._global_arguments, {})
            return
        handler = self._handlers().get(instruction.name)
        if handler is None:
            raise instruction.error("the embedded cloud does not interpret this instruction")
        if not self._stages:
            raise instruction.error("comes before FROM")
        try:
            handler(instruction, self._stages[-1])
        except DockerfileError:
            raise
        except ValueError as problem:
            raise instruction.error(str(problem)) from None

    def _handlers(self) -> dict[str, Callable[[Instruction, Stage], None]]:
        return {
            "ARG": self._arg,
            "ENV": self._env,
            "LABEL": self._label,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": lambda instruction, stage: stage.runs.append(instruction.text),
            "ENTRYPOINT": self._entrypoint,
            "CMD": self._cmd,
            "USER": self._user,
        }

    def _from(self, instruction: Instruction) -> None:
        text = substitute(_FLAG.sub("", instruction.text), self._global_arguments)
        words = text.split()
        name = words[2] if len(words) == 3 and words[1].lower() == "as" else None
        if len(words) not in (1, 3) or (len(words) == 3 and name is None):
            raise instruction.error("expected FROM image [AS name]")
        parent = next((stage for stage in self._stages if stage.name == words[0]), None)
        stage = Stage(base=words[0], name=name)
        if parent is not None:
            stage = Stage(parent.base, name, list(parent.copies), list(parent.runs), dict(parent.env))
            stage.labels, stage.workdir, stage.user = dict(parent.labels), parent.workdir, parent.user
            stage.entrypoint, stage.command = parent.entrypoint, parent.command
        self._stages.append(stage)

    def _declare(self, instruction: Instruction, into: dict[str, str], known: Mapping[str, str]) -> None:
        for word in shlex.split(instruction.text):
            name, equals, default = word.partition("=")
            inherited = self._global_arguments.get(name, "")
            value = substitute(default, {**into, **known}) if equals else inherited
            into[name] = self._build_args.get(name, value)

    def _arg(self, instruction: Instruction, stage: Stage) -> None:
        self._declare(instruction, stage.arguments, stage.variables())

    def _env(self, instruction: Instruction, stage: Stage) -> None:
        stage.env.update(_pairs(instruction, stage.variables()))

    def _label(self, instruction: Instruction, stage: Stage) -> None:
        stage.labels.update(_pairs(instruction, stage.variables()))

    def _workdir(self, instruction: Instruction, stage: Stage) -> None:
        stage.workdir = absolute(substitute(instruction.text, stage.variables()), stage.workdir)

    def _user(self, instruction: Instruction, stage: Stage) -> None:
        stage.user = substitute(instruction.text, stage.variables())

    def _entrypoint(self, instruction: Instruction, stage: Stage) -> None:
        stage.entrypoint, stage.command = command_words(instruction.text), ()

    def _cmd(self, instruction: Instruction, stage: Stage) -> None:
        stage.command = command_words(instruction.text)

    def _copy(self, instruction: Instruction, stage: Stage) -> None:
        text, origin = instruction.text, None
        while match := _FLAG.match(text):
            if match[1] == "from":
                origin = match[2]
            elif match[1] not in {"chown", "chmod", "link"}:
                raise instruction.error(f"--{match[1]} is not interpreted")
            text = text[match.end() :]
        text = substitute(text, stage.variables())
        words = json.loads(text) if text.startswith("[") else shlex.split(text)
        if len(words) < 2:
            raise instruction.error("expected COPY source ... destination")
        target = absolute(words[-1], stage.workdir)
        stage.copies.append(Copy(instruction, tuple(words[:-1]), target, origin))


def absolute(path: str, workdir: str) -> str:
    """`path` as the image sees it; a trailing slash, which makes a destination a directory, is kept."""
    joined = path if path.startswith("/") else f"{workdir.rstrip('/')}/{path}"
    parts: list[str] = []
    for part in joined.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    is_directory = joined.endswith(("/", "/."))
    return "/" + "/".join(parts) + ("/" if is_directory and parts else "")


def _pairs(instruction: Instruction, variables: Mapping[str, str]) -> dict[str, str]:
    words = shlex.split(substitute(instruction.text, variables))
    if words and "=" not in words[0]:
        return {words[0]: instruction.text.partition(" ")[2].strip()}
    pairs = [word.partition("=") for word in words]
    if not all(equals for _, equals, _ in pairs):
        raise instruction.error("expected NAME=value pairs")
    return {name: value for name, _, value in pairs}
