import pytest

from localcloud.commands import aws
from localcloud.commands.running import CommandError, endpoint_url

CLOUD = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIA1",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


def test_the_running_cloud_is_where_its_variables_say():
    assert endpoint_url(CLOUD) == "http://127.0.0.1:4566"


@pytest.mark.parametrize("name", list(CLOUD))
def test_a_variable_that_is_missing_is_named(name):
    with pytest.raises(CommandError, match=f"^{name} is not set: paste"):
        endpoint_url({**CLOUD, name: ""})


@pytest.mark.parametrize(
    "url",
    ["https://sqs.us-east-1.amazonaws.com", "http://127.0.0.1.org", "http://10.0.0.1:4566", "x"],
)
def test_nothing_is_sent_off_this_machine(url):
    with pytest.raises(CommandError, match="is not a cloud on this machine"):
        aws.with_endpoint(["s3", "ls"], {**CLOUD, "AWS_ENDPOINT_URL": url})


def test_every_call_of_the_cli_is_given_the_endpoint():
    assert aws.with_endpoint(["sqs", "list-queues"], CLOUD) == [
        "--endpoint-url",
        "http://127.0.0.1:4566",
        "sqs",
        "list-queues",
    ]


@pytest.mark.parametrize("word", ["--endpoint-url", "--endpoint-url=https://x", "--profile"])
def test_another_endpoint_or_account_is_refused(word):
    with pytest.raises(CommandError, match=r"calls the cloud at http://127\.0\.0\.1:4566 alone"):
        aws.with_endpoint(["s3", "ls", word, "prod"], CLOUD)


def test_the_cli_sees_no_profile_no_proxy_and_nothing_else_of_the_user_s():
    given = {**CLOUD, "AWS_PROFILE": "prod", "HTTPS_PROXY": "http://proxy", "TOKEN": "t", "PATH": "/bin"}
    seen = aws.environment(given)
    assert seen["AWS_DEFAULT_REGION"] == "us-east-1"
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert not {"AWS_PROFILE", "HTTPS_PROXY", "TOKEN"} & set(seen)
    assert seen["PATH"] == "/bin"
