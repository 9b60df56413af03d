"""Lambda functions behave as on AWS: their errors, limits, environment and logs."""

import pytest

from localcloud.containers.container import namespaces_allowed
from tests.integration.account import LOGS, Account

FAILING = """
class DatasetRejectedError(Exception): pass
def handle(event, context):
    raise DatasetRejectedError("column 'age' is missing")
"""
IDENTITY = """
import boto3, os
def handle(event, context):
    return {"arn": boto3.client("sts").get_caller_identity()["Arn"], "environment": dict(os.environ),
            "pid": os.getpid(), "modules": os.listdir("."), "function": context.invoked_function_arn}
"""


def test_an_error_carries_the_name_of_its_class(account: Account):
    kind, answer = account.invoke(account.function(FAILING))
    assert kind == "Unhandled"
    assert answer["errorType"] == "DatasetRejectedError"
    assert answer["errorMessage"] == "column 'age' is missing"
    assert "raise DatasetRejectedError" in answer["stackTrace"][-1]


def test_a_function_acts_in_its_role_and_sees_nothing_of_the_host(account: Account, monkeypatch):
    role = account.role("lambda.amazonaws.com")
    name = account.function(IDENTITY, role=role, Environment={"Variables": {"GREETING": "hello"}})
    _, answer = account.invoke(name)
    assert answer["arn"].endswith(f":assumed-role/{role.rpartition('/')[2]}/{name}")
    assert answer["environment"]["GREETING"] == "hello"
    assert answer["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert answer["environment"]["AWS_ENDPOINT_URL"] == account.cloud.endpoint_url
    assert not {"SHELL", "VIRTUAL_ENV", "PYTHONPATH", "STATE_DIR"} & answer["environment"].keys()
    assert [module for module in answer["modules"] if module.endswith(".py")] == ["code.py"]


def test_a_warm_environment_is_used_again(account: Account):
    name = account.function(IDENTITY)
    assert account.invoke(name)[1]["pid"] == account.invoke(name)[1]["pid"]


def test_changed_settings_start_a_new_environment(account: Account):
    name = account.function(IDENTITY)
    first = account.invoke(name)[1]
    changed = {"Variables": {"GREETING": "changed"}}
    account.client("lambda").update_function_configuration(FunctionName=name, Environment=changed)
    second = account.invoke(name)[1]
    assert second["environment"]["GREETING"] == "changed"
    assert second["pid"] != first["pid"]


def test_a_function_that_takes_too_long_is_stopped(account: Account):
    name = account.function("import time\ndef handle(event, context):\n    time.sleep(60)\n", Timeout=1)
    kind, answer = account.invoke(name)
    assert kind == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_a_function_that_takes_too_much_memory_is_killed(account: Account):
    source = """
import time
def handle(event, context):
    held = bytearray(400 * 1024 * 1024)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(60)
"""
    _, answer = account.invoke(account.function(source, MemorySize=128))
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


def test_a_function_that_exits_says_so_and_the_next_call_starts_anew(account: Account):
    name = account.function("import os\ndef handle(event, context):\n    os._exit(3) if event else None\n")
    _, answer = account.invoke(name, {"exit": True})
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert account.invoke(name) == (None, None)


def test_a_module_that_cannot_be_imported_is_an_import_error(account: Account):
    _, answer = account.invoke(account.function("import not_there\n"))
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'not_there'" in answer["errorMessage"]


def test_the_log_frames_what_the_function_prints(account: Account):
    name = account.function("def handle(event, context):\n    print('one')\n    print('two')\n")
    account.invoke(name)
    start, one, two, end, report = account.log(f"/aws/lambda/{name}")
    assert start.startswith("START RequestId: ")
    assert (one, two) == ("one", "two")
    assert end.startswith("END RequestId: ")
    assert report.startswith("REPORT RequestId: ")
    assert "Memory Size: 256 MB" in report


def test_a_role_without_log_permissions_writes_no_log(account: Account):
    role = account.role("lambda.amazonaws.com")
    name = account.function("def handle(event, context):\n    print('unheard')\n", role=role)
    assert account.invoke(name) == (None, None)
    with pytest.raises(account.client("logs").exceptions.ResourceNotFoundException):
        account.log(f"/aws/lambda/{name}")


def test_a_function_whose_role_is_gone_does_not_run(account: Account):
    role = account.role("lambda.amazonaws.com", LOGS)
    name = account.function("def handle(event, context):\n    return 1\n", role=role)
    iam, role_name = account.client("iam"), role.rpartition("/")[2]
    iam.delete_role_policy(RoleName=role_name, PolicyName="permissions")
    iam.delete_role(RoleName=role_name)
    kind, answer = account.invoke(name)
    assert kind == "Unhandled"
    assert "does not exist" in answer["errorMessage"]


def test_a_zip_function_has_boto3_and_what_it_ships_and_nothing_else(account: Account):
    source = "import boto3, jmespath\ndef handle(event, context):\n    import requests\n"
    _, answer = account.invoke(account.function(source))
    assert answer["errorType"] == "ModuleNotFoundError"
    _, answer = account.invoke(account.function("import requests\ndef handle(event, context):\n    pass\n"))
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'requests'" in answer["errorMessage"]


@pytest.mark.skipif(not namespaces_allowed(), reason="this kernel forbids user namespaces")
def test_a_function_writes_nothing_but_tmp_and_that_up_to_its_size(account: Account):
    source = """
import errno, os
def attempt(path, size=1):
    try:
        with open(path, "wb") as file:
            for _ in range(size):
                file.write(bytes(1_000_000))
    except OSError as problem:
        return errno.errorcode[problem.errno]
def handle(event, context):
    return {"home": attempt(os.path.expanduser("~root/x")), "code": attempt("x"), "small": attempt("/tmp/x"),
            "large": attempt("/tmp/x", 540), "task_root": os.environ["LAMBDA_TASK_ROOT"], "at": os.getcwd()}
"""
    name = account.function(source, MemorySize=256, Timeout=30)
    assert account.invoke(name)[1] == {
        "home": "EROFS",
        "code": "EROFS",
        "small": None,
        "large": "ENOSPC",
        "task_root": "/var/task",
        "at": "/var/task",
    }


def test_payloads_are_limited_both_ways(account: Account):
    name = account.function("def handle(event, context):\n    return 'x' * event['size']\n", Timeout=60)
    with pytest.raises(account.client("lambda").exceptions.ClientError) as refused:
        account.invoke(name, {"size": 1, "more": "x" * 6_291_456})
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    kind, answer = account.invoke(name, {"size": 6_291_600})
    assert (kind, answer["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert account.invoke(name, {"size": 6_291_000}) == (None, "x" * 6_291_000)
