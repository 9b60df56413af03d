"""Files from elsewhere, by a server on loopback and by S3: streamed, once, and only where they changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from contracts.settings import PullSourceSettings
from contracts.sources import Source
from lambdas.pull_source import fetching
from lambdas.pull_source import handler as pulling
from lambdas.pull_source.fetching import SourceError
from tests.unit.lambdas.conftest import set_environment


class Served:
    """What the server answers: `body` by its tag, a status, or a redirect; `cut` ends the body early."""

    def __init__(self) -> None:
        self.body, self.status, self.location, self.cut, self.has_tags = b"a,b\n1,2\n", 200, "", 0, True
        self.asked: list[dict[str, str]] = []
        self.address = ""


@pytest.fixture
def served() -> Iterator[Served]:
    told = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append({name.lower(): value for name, value in self.headers.items()})
            if told.location and self.path != "/moved":
                self.send_response(302)
                self.send_header("location", told.location)
                self.end_headers()
                return
            tag = f'"{hash(told.body)}"'
            if told.has_tags and self.headers.get("if-none-match") == tag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(told.status)
            self.send_header("content-length", str(len(told.body)))
            if told.has_tags:
                self.send_header("etag", tag)
            self.end_headers()
            self.wfile.write(told.body[: len(told.body) - told.cut])

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_address[1]}/houses.csv"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def pull(monkeypatch, aws, context):
    s3 = boto3.client("s3")
    for bucket in ("raw", "artifacts", "theirs"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    settings = PullSourceSettings(
        artifact_bucket_name="artifacts",
        raw_bucket_name="raw",
        pipeline_config_path="x",
        metric_namespace="Greenlight/housing-dev",
    )
    set_environment(monkeypatch, settings)

    def pull(uri: str, **more: Any) -> str:
        source = Source(name="houses", uri=uri, upload="houses.csv", **more)
        monkeypatch.setattr(pulling, "_source", lambda path, name: source)
        uploaded: str = pulling.handler({"source": "houses"}, context)["uploaded"]
        return uploaded

    return pull


def versions() -> list[str]:
    found = boto3.client("s3").list_object_versions(Bucket="raw").get("Versions", [])
    return [version["Key"] for version in found]


def content() -> bytes:
    body: bytes = boto3.client("s3").get_object(Bucket="raw", Key="incoming/houses.csv")["Body"].read()
    return body


def left_over() -> list[Any]:
    found: list[Any] = boto3.client("s3").list_multipart_uploads(Bucket="raw").get("Uploads", [])
    return found


def test_a_file_is_uploaded_once_and_again_when_it_changed(pull, served):
    assert pull(served.address) == "incoming/houses.csv"
    assert pull(served.address) == ""
    assert served.asked[1]["if-none-match"]
    assert (content(), len(versions())) == (served.body, 1)
    served.body = b"a,b\n3,4\n"
    assert pull(served.address) == "incoming/houses.csv"
    assert (content(), len(versions())) == (served.body, 2)


def test_a_server_without_tags_is_read_and_the_same_content_is_dropped(pull, served):
    served.has_tags = False
    assert pull(served.address)
    assert pull(served.address) == ""
    assert (len(versions()), left_over()) == (1, [])


def test_a_large_file_goes_in_parts(pull, served, monkeypatch):
    monkeypatch.setattr(pulling, "PART_BYTES", 5 << 20)
    served.body = bytes(range(256)) * (12 << 12)
    assert pull(served.address)
    assert content() == served.body


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": 403}, "houses: http://.*/houses.csv answered 403"),
        ({"body": b""}, "houses: the file is empty"),
        ({"cut": 3}, "houses: .*(broke off|bytes came of)"),
        ({"location": "http://elsewhere.example/a.csv"}, "leads to http, not to https"),
        ({"location": "/again"}, "leads on more than 5 times"),
    ],
    ids=["status", "empty", "cut", "unencrypted", "circle"],
)
def test_what_can_t_be_fetched_is_named_and_nothing_is_uploaded(pull, served, change, message):
    for name, value in change.items():
        setattr(served, name, value)
    with pytest.raises(SourceError, match=message):
        pull(served.address)
    assert (versions(), left_over()) == ([], [])


def test_nobody_there_is_an_error_that_names_the_source_and_hides_the_query(pull, monkeypatch):
    with pytest.raises(SourceError, match=r"houses: http://127\.0\.0\.1:9/a\.csv can't be reached") as failed:
        pull("http://127.0.0.1:9/a.csv?signature=hush")
    assert "hush" not in str(failed.value).partition("can't be reached")[0]


def test_a_secret_goes_to_its_own_host_alone(pull, served):
    secrets = boto3.client("secretsmanager")
    text = json.dumps({"authorization": "Bearer hush"})
    arn = secrets.create_secret(Name="houses", SecretString=text)["ARN"]
    served.location = served.address.replace("127.0.0.1", "localhost").replace("houses.csv", "moved")
    assert pull(served.address, secret_arn=arn)
    assert [one.get("authorization") for one in served.asked] == ["Bearer hush", None]


@pytest.mark.parametrize("text", ["Bearer hush", '["hush"]', '{"a": 1}'])
def test_a_secret_that_is_no_headers_is_refused_without_being_shown(pull, served, text):
    arn = boto3.client("secretsmanager").create_secret(Name="houses", SecretString=text)["ARN"]
    with pytest.raises(SourceError, match="no JSON object of request headers") as failed:
        pull(served.address, secret_arn=arn)
    assert "hush" not in str(failed.value)


def test_an_object_of_s3_is_fetched_once_and_again_when_it_changed(pull):
    s3 = boto3.client("s3")
    for body in (b"a\n1\n", b"a\n2\n"):
        s3.put_object(Bucket="theirs", Key="a.csv", Body=body)
        assert pull("s3://theirs/a.csv") == "incoming/houses.csv"
        assert pull("s3://theirs/a.csv") == ""
        assert content() == body
    assert len(versions()) == 2


def test_an_object_that_may_not_be_read_says_whose_policy_must_let_it(pull):
    with pytest.raises(SourceError, match=r"houses: s3://theirs/none\.csv: .*bucket policy"):
        pull("s3://theirs/none.csv")


def test_pieces_are_put_together_as_parts(monkeypatch):
    monkeypatch.setattr(pulling, "PART_BYTES", 10)
    parts = list(pulling._parts(iter([b"1234", b"5678", b"90", b"ab"])))
    assert parts == [b"1234567890", b"ab"]
    assert fetching.PIECE_BYTES < 5 << 20
