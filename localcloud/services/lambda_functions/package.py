"""What a function runs: its code as an image and the environment variables that Lambda sets."""

from __future__ import annotations

import errno
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.containers.closure import LAMBDA_RUNTIME
from localcloud.host.cloud import Cloud
from localcloud.images.store import Image

TASK_ROOT = "/var/task"
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
    }
)
_RUNTIME = ("python", "-m", "awslambdaric")


class PackageError(Exception):
    """The function's code cannot be run here; `error_type` is the name that AWS gives the failure."""

    def __init__(self, message: str, error_type: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def image_of(cloud: Cloud, function: Mapping[str, Any]) -> Image:
    """The image of a function record: its own, or its zip laid out as one."""
    config = function["config"]
    if config.get("PackageType") == "Image":
        try:
            return cloud.images.resolve(config["ImageUri"])
        except LookupError as error:
            raise PackageError(str(error), "Runtime.InvalidEntrypoint") from error
    if not str(config.get("Runtime", "")).startswith("python"):
        raise PackageError(
            f"the embedded cloud runs Python functions and images, not {config.get('Runtime')!r}",
            "Runtime.InvalidRuntime",
        )
    return _zip_image(cloud, function.get("code_zip") or b"", config)


def _zip_image(cloud: Cloud, code: bytes, config: Mapping[str, Any]) -> Image:
    digest = hashlib.sha256(code).hexdigest()
    root = cloud.state_dir / "functions" / digest[:32]
    if not root.exists():
        _extract(code, root)
    return Image(
        digest=f"sha256:{digest}",
        root=root,
        entrypoint=_RUNTIME,
        command=(config["Handler"],),
        env={"AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}", "LAMBDA_TASK_ROOT": TASK_ROOT},
        workdir=TASK_ROOT,
        user="",
        labels={},
        base=config["Runtime"],
        size_bytes=len(code),
        pushed_at=0.0,
        packages=tuple(sorted(LAMBDA_RUNTIME)),
    )


def _extract(code: bytes, root: Path) -> None:
    # Functions that share their code may start at the same moment: each unpacks a draft of its own, and the
    # first that is whole stays.
    root.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{root.name}.", dir=root.parent))
    try:
        draft.chmod(0o755)
        target = draft / TASK_ROOT.lstrip("/")
        target.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(target)
        draft.rename(root)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def environment(
    cloud: Cloud, config: Mapping[str, Any], *, runtime_api: str, log_group: str, log_stream: str
) -> dict[str, str]:
    """The environment of a function's process: its variables and what Lambda defines, nothing of the host.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    own = (config.get("Environment") or {}).get("Variables") or {}
    return {
        **{name: str(value) for name, value in own.items() if name not in _RESERVED},
        **cloud.session_env(config["Role"], config["FunctionName"], service="lambda.amazonaws.com"),
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": cloud.endpoint_url,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_HANDLER": config.get("Handler") or "",
        "TZ": ":UTC",
        "LANG": "C.UTF-8",
        **_json_logging(config),
    }


def _json_logging(config: Mapping[str, Any]) -> dict[str, str]:
    logging = config.get("LoggingConfig") or {}
    if logging.get("LogFormat") != "JSON":
        return {}
    return {
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO"),
    }
