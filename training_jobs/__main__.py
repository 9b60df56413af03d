"""The training image's entry point: `python -m training_jobs train`, as SageMaker calls it."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from types import FrameType

from training_jobs.errors import InterruptedJobError
from training_jobs.job import Job, write_failure


def main(arguments: list[str]) -> int:
    """0 when the model is written; 1, with the reason in output/failure, when not."""
    if arguments != ["train"]:
        print(
            f"usage: python -m training_jobs train (found {' '.join(arguments) or 'nothing'})",
            file=sys.stderr,
        )
        return 2
    signal.signal(signal.SIGTERM, _stop)
    try:
        from training_jobs.train import train

        train(Job.from_environment(os.environ))
    except BaseException as error:  # the reason must reach SageMaker, whatever it is
        traceback.print_exc()
        write_failure(os.environ, error)
        return 1
    return 0


def _stop(signum: int, frame: FrameType | None) -> None:
    """SageMaker sends SIGTERM, and SIGKILL two minutes later."""
    raise InterruptedJobError("SageMaker stopped the job")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
