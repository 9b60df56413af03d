import contextlib
import http.client
import json
import os
import subprocess
import sys
import urllib.request

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import BUCKET

CLIENT = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("houses")
with mlflow.start_run() as run:
    mlflow.log_metric("rmse", 2.5)
    mlflow.log_dict({"a": 1}, "report.json")
client = mlflow.MlflowClient()
client.create_registered_model("model")
client.create_model_version("model", "s3://b/m")
client.set_registered_model_alias("model", "champion", "1")
found = client.search_runs([run.info.experiment_id], "metrics.rmse < 3")
print(json.dumps({"uri": run.info.artifact_uri, "runs": [r.data.metrics for r in found]}))
"""


@pytest.fixture(scope="module")
def app(account):
    """An MLflow app's ARN."""
    role = account.role("mlflow", ("s3:*",))
    return account.sagemaker.create_mlflow_app(
        Name="tracking", ArtifactStoreUri=f"s3://{BUCKET}/mlflow", RoleArn=role
    )["Arn"]


def test_mlflows_own_client_logs_to_an_app_through_its_arn(account, app):
    environment = {
        **os.environ,
        **account.cloud.environment,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": account.cloud.endpoint_url,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLIENT, app],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout.splitlines()[-1])
    assert document["uri"].startswith(f"s3://{BUCKET}/mlflow/")
    assert document["runs"] == [{"rmse": 2.5}]
    keys = [
        item["Key"]
        for item in account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="mlflow/")["Contents"]
    ]
    assert keys[0].endswith("/artifacts/report.json")


def test_an_app_is_described_and_listed(account, app):
    described = account.sagemaker.describe_mlflow_app(Arn=app)
    assert (described["Name"], described["Status"]) == ("tracking", "Created")
    assert [item["Arn"] for item in account.sagemaker.list_mlflow_apps()["Summaries"]] == [app]


def test_calling_an_app_needs_its_own_permission(account, app):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    describe = {"Effect": "Allow", "Action": "sagemaker:Describe*", "Resource": "*"}
    user = account.user("no-mlflow", [describe])
    keys = Credentials(user["aws_access_key_id"], user["aws_secret_access_key"])
    url = f"{account.cloud.endpoint_url}/api/2.0/mlflow/experiments/search?max_results=1"
    request = AWSRequest("GET", url, headers={"x-sm-mlflow-app-arn": app})
    SigV4Auth(keys, "sagemaker", "us-east-1").add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == 400
    assert f"sagemaker:CallMlflowAppApi on resource: {app}" in answer.text


def test_an_app_that_is_deleted_is_not_found(account):
    role = account.role("mlflow-short", ("s3:*",))
    arn = account.sagemaker.create_mlflow_app(
        Name="short", ArtifactStoreUri=f"s3://{BUCKET}/short", RoleArn=role
    )["Arn"]
    account.sagemaker.delete_mlflow_app(Arn=arn)
    with pytest.raises(ClientError, match="does not exist"):
        account.sagemaker.describe_mlflow_app(Arn=arn)


def test_the_server_answers_no_call_that_did_not_come_through_the_gateway(account, app):
    url = account.sagemaker.create_presigned_mlflow_app_url(Arn=app)["AuthorizedUrl"]
    port = int(url.split(":")[2].split("/")[0])
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as direct:
        direct.request("GET", "/api/2.0/mlflow/experiments/search?max_results=1")
        assert direct.getresponse().status == 403
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(url, timeout=30) as page:
        assert page.status == 200
    with browser.open(f"http://127.0.0.1:{port}/version", timeout=30) as page:
        assert page.read()


def test_an_experiment_cannot_lie_on_this_machine(account, app):
    program = "import sys, mlflow; mlflow.set_tracking_uri(sys.argv[1]); mlflow.create_experiment('x', 'file:///tmp/x')"
    environment = {
        **os.environ,
        **account.cloud.environment,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": account.cloud.endpoint_url,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, app],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is not in a store of the app" in done.stderr
