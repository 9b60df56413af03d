"""A client of the Open Inference Protocol that others wrote: Triton's, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.unit.inference.models import predictor_of, tree_model
from tests.unit.inference.serving import running

pytestmark = pytest.mark.clients

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "build/clients/tritonclient"
PACKAGE = "tritonclient[http]==2.73.0"
SCRIPT = """
import json, sys
import numpy as np
import tritonclient.http as http

client = http.InferenceServerClient(f"127.0.0.1:{sys.argv[1]}")
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("model")
rows = {"rooms": ("FP64", [1.5, 3.0]), "people": ("INT32", [2, 4]), "sea": ("BYTES", ["INLAND", "NEAR BAY"])}
dtypes = {"FP64": np.float64, "INT32": np.int32, "BYTES": object}
answers = []
for binary in (True, False):
    inputs = []
    for name, (kind, values) in rows.items():
        inputs.append(http.InferInput(name, [2], kind))
        inputs[-1].set_data_from_numpy(np.array(values, dtype=dtypes[kind]), binary_data=binary)
    for outputs in (None, [http.InferRequestedOutput("predict", binary_data=binary)]):
        answers.append(client.infer("model", inputs, outputs=outputs).as_numpy("predict").tolist())
try:
    client.infer("model", inputs[:2])
except Exception as error:
    print(json.dumps({"answers": answers, "error": str(error)}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment that holds the client and nothing of ours."""
    found = ENVIRONMENT / "bin/python"
    if not found.exists():
        uv = str(Path(sys.executable).parent / "uv")
        environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, str(ENVIRONMENT)],
            [uv, "pip", "install", "--quiet", "--python", str(found), PACKAGE, "numpy"],
        ):
            subprocess.run(command, env=environment, check=True)
    return found


def test_tritons_client_asks_in_json_and_in_binary(python: Path) -> None:
    predictor = predictor_of(tree_model())
    with running(predictor) as server:
        done = subprocess.run(
            [str(python), "-c", SCRIPT, str(server.port)], capture_output=True, text=True, check=True
        )

    told = json.loads(done.stdout)
    expected = predictor.predict_matrix(np.array([[1.5, 2.0, 1.0], [3.0, 4.0, 0.0]])).tolist()
    assert told["answers"] == [expected] * 4
    assert "the inputs lack 'sea'" in told["error"]
