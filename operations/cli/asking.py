"""What every command has: the stage, the account, and how to answer; and how a command ends."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from operations.cli import project
from operations.cli.exits import Exit, NeedsAYesError, code_of
from operations.cli.output import Output
from operations.reading.errors import ReadingError

if TYPE_CHECKING:
    from operations.reading.stage import StageReader

Stage = Annotated[str, typer.Option("--stage", "-s", envvar="STAGE", help="Which stage of the pipeline.")]
Profile = Annotated[
    str | None, typer.Option("--profile", envvar="AWS_PROFILE", help="A profile of your AWS configuration.")
]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region; else that of the environment.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@dataclass
class Asked:
    """The options that every command takes."""

    stage: str
    profile: str | None
    region: str | None
    as_json: bool

    @cached_property
    def out(self) -> Output:
        return Output(as_json=self.as_json)

    @property
    def stack_name(self) -> str:
        return f"{project.pipeline_name()}-{self.stage}"

    @cached_property
    def reader(self) -> StageReader:
        """The deployed stage. That it is asked is said at once: what asks takes a moment to load."""
        name = self.stack_name
        with telling(f"asking {name} ..."):
            from operations.reading.stage import StageReader

            return StageReader.open(name, profile=self.profile, region=self.region)

    def confirm(self, question: str, *, is_sure: bool) -> None:
        """Go on only with a yes; raises NeedsAYesError where nobody can be asked."""
        if is_sure:
            return
        if self.as_json or not sys.stdin.isatty():
            raise NeedsAYesError(f"{question} Nobody is there to say yes.", "Say so with --yes.")
        typer.confirm(question, abort=True)


class telling:  # noqa: N801  # reads as a word at its place: `with telling(...)`
    """A line on a terminal's standard error that goes away again."""

    def __init__(self, text: str) -> None:
        self._text = text if sys.stderr.isatty() else ""

    def __enter__(self) -> None:
        if self._text:
            print(self._text, end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._text:
            print(f"\r{' ' * len(self._text)}\r", end="", file=sys.stderr, flush=True)


def command(function: Callable[..., Exit | None]) -> Callable[..., None]:
    """A command of the app: `function` takes an Asked first, and gives its exit code (None: done)."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    @functools.wraps(function)
    def run(*, stage: str, profile: str | None, region: str | None, as_json: bool, **given: Any) -> None:
        asked = Asked(stage, profile, region, as_json)
        raise typer.Exit(_ended(asked, lambda: function(asked, **given)))

    shared: dict[str, tuple[object, object]]
    shared = {"stage": (Stage, "dev"), "profile": (Profile, None), "region": (Region, None)}
    shared["as_json"] = (Json, False)
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter(name, keyword, annotation=kind, default=default)
        for name, (kind, default) in shared.items()
    ]
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [parameter.replace(kind=keyword) for parameter in own] + added
    )
    run.__annotations__ = {}
    return run


def _ended(asked: Asked, run: Callable[[], Exit | None]) -> int:
    """Run it; every error is told in words, and none by its trace."""
    try:
        return run() or Exit.DONE
    except ReadingError as error:
        return tell(asked, error.what, error.way_on, code_of(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # `greenlight logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        path = Path(tempfile.gettempdir()) / f"greenlight-error-{os.getpid()}.txt"
        path.write_text(traceback.format_exc())
        what = f"An error that nobody foresaw: {type(error).__name__}: {error}"
        return tell(asked, what, f"Its trace is in {path}; please report it.", Exit.UNFORESEEN)


def tell(asked: Asked, what: str, way_on: str, code: Exit) -> Exit:
    """An error for people on standard error, for programs as the document."""
    if asked.as_json:
        print(json.dumps({"error": what, "way_on": way_on, "exit": int(code)}, indent=2))
    else:
        print(f"greenlight: {what}", file=sys.stderr)
        if way_on:
            print(f"  → {way_on}", file=sys.stderr)
    return code


def fail(what: str, way_on: str = "") -> NoReturn:
    """End the command with an answer that is bad news."""
    raise ReadingError(what, way_on)
