"""The smallest image that trains and serves: its model is one word, and that is its prediction."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def train() -> int:
    parameters = json.loads((BASE / "input" / "config" / "hyperparameters.json").read_text())
    print("metric loss=0.25;", flush=True)
    if "sleep" in parameters:
        time.sleep(float(parameters["sleep"]))
    if "fail" in parameters:
        (BASE / "output" / "failure").write_text(parameters["fail"])
        return 1
    files = sorted(path.name for path in (BASE / "input" / "data" / "train").iterdir())
    (BASE / "model" / "word").write_text(f"{parameters['word']} of {','.join(files)}")
    return 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    word = b""

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:
        self._answer(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if os.environ.get("SAGEMAKER_BATCH") == "true":
            self._answer_lines(body)
            return
        self._answer(500 if body == b"fail" else 200, self.word)

    def _answer_lines(self, body: bytes) -> None:
        """Batch transform: the sum of each line, and the number of lines that came with it."""
        if b"bad" in body or b"fail" in body:
            self._answer(400 if b"bad" in body else 500, b"no number")
            return
        lines = body.decode().splitlines()
        sums = (sum(float(text) for text in line.split(",")) for line in lines)
        self._answer(200, "".join(f"{total:g} of {len(lines)}\n" for total in sums).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def serve() -> None:
    Handler.word = (BASE / "model" / "word").read_bytes()
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    print("serving", flush=True)
    Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "train":
        sys.exit(train())
    serve()
