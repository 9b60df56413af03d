"""The serving image's entry point: `python -m inference serve`, as SageMaker calls it."""

from __future__ import annotations

import os
import sys

from inference.http.server import serve
from inference.http.settings import ServerSettings


def main(arguments: list[str]) -> int:
    if arguments != ["serve"]:
        print(f"usage: python -m inference serve (found {' '.join(arguments) or 'nothing'})", file=sys.stderr)
        return 2
    try:
        settings = ServerSettings.from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
