"""`make front-client > client.py`: a typed client of the front, of one file and without dependencies.

It is made of the OpenAPI document that `GET /v1/openapi.json` answers, so its types are this pipeline's
columns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.pipeline_config import FILE_NAME, STAGES, PipelineConfig
from lambdas.predict.openapi import openapi_document

_TYPES = {"number": "float", "integer": "int", "boolean": "bool", "string": "str", "null": "None"}
_TEMPLATE = '''\
"""TITLE. Generated from its OpenAPI document: change nothing here, generate it anew."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Optional, TypedDict, Union

Value = Union[float, int, bool, str, None]
Row = TypedDict("Row", ROW)
Label = TypedDict("Label", {"inference_id": str, "row": int, "value": VALUE})


class Problem(Exception):
    """A refusal: `errors` name row (from 1), field and reason; `instance` finds it in the log."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status}: {document.get('detail', '')}")
        self.status = status
        self.detail: str = document.get("detail", "")
        self.errors: list[dict[str, Any]] = document.get("errors", [])
        self.instance: str = document.get("instance", "")


class Client:
    """`url` is the stack's output FrontUrl; `token` gives a bearer's token, asked for at each request."""

    def __init__(
        self, url: str, token: Callable[[], str], api_key: str = "", timeout_seconds: float = 30.0
    ) -> None:
        self._url, self._token, self._api_key = url.rstrip("/"), token, api_key
        self._timeout_seconds = timeout_seconds

    def predict(self, rows: list[Row], interval: Optional[float] = None) -> dict[str, Any]:
        """`inference_id` and `predictions`, one a row; with `interval` (0-1) also `intervals`."""
        asked: dict[str, Any] = {"rows": rows}
        if interval is not None:
            asked["interval"] = interval
        return self._send("POST", "/v1/predictions", asked)

    def label(self, labels: list[Label]) -> int:
        """What came true, by inference id and the prediction's place from 0; how many were accepted."""
        return int(self._send("POST", "/v1/labels", {"labels": labels})["accepted"])

    def model(self) -> dict[str, Any]:
        """The columns with their rules, and the limits of a request."""
        return self._send("GET", "/v1/model", None)

    def _send(self, method: str, path: str, document: Optional[dict[str, Any]]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token()}", "content-type": "application/json"}
        if self._api_key:
            headers["x-api-key"] = self._api_key
        body = None if document is None else json.dumps(document, allow_nan=False).encode()
        request = urllib.request.Request(self._url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_seconds) as answer:
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except urllib.error.HTTPError as refused:
            with refused:
                raise Problem(refused.code, _problem(refused.read())) from None


def _problem(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {"detail": body[:200].decode(errors="replace")}
    return document if isinstance(document, dict) else {"detail": str(document)}
'''


def render(document: Mapping[str, Any]) -> str:
    """The client's source, of an OpenAPI document of the front."""
    schemas = document["components"]["schemas"]
    row = {name: _type(schema) for name, schema in schemas["Row"]["properties"].items()}
    label = schemas["LabelRequest"]["properties"]["labels"]["items"]["properties"]["value"]
    members = ", ".join(f"{name!r}: {kind}" for name, kind in row.items())
    return (
        _TEMPLATE.replace("TITLE", document["info"]["title"].replace('"', "'"))
        .replace("VALUE", _type(label))
        .replace("ROW", f"{{{members}}}")
    )


def _type(schema: Mapping[str, Any]) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = [_TYPES[kind] for kind in kinds]
    return names[0] if len(names) == 1 else f"Union[{', '.join(names)}]"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m operations.front_client", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    stage = parser.parse_args(arguments).stage
    sys.stdout.write(render(openapi_document(PipelineConfig.load(Path(FILE_NAME)), stage)))


if __name__ == "__main__":
    main()
