import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker.account import until

RATE = 200


@pytest.fixture(scope="module")
def fleets(account):
    """Configs `blue` and `green`, their predictions, and an endpoint that serves blue."""
    words = account.config("blue", "blue"), account.config("green", "green")
    account.sagemaker.create_endpoint(EndpointName="deployed", EndpointConfigName="blue")
    account.settle("deployed")
    account.alarm_on_errors("green-errors", "deployed", "green")
    return words


@pytest.fixture
def on_blue(account, fleets):
    """Nothing is being deployed, nothing is injected, blue serves."""
    account.faults.clear()
    if account.settle("deployed")["EndpointConfigName"] != "blue":
        account.sagemaker.update_endpoint(EndpointName="deployed", EndpointConfigName="blue")
        account.settle("deployed")
    _until_quiet(account)
    yield fleets
    account.faults.clear()


def _until_quiet(account):
    until(lambda: account.alarm_state("green-errors") != "ALARM" or None)


def test_a_healthy_canary_takes_over_and_no_request_is_lost(account, on_blue):
    blue, green = on_blue
    load = account.load("deployed", RATE, 6)
    account.canary("deployed", "green", "green-errors", bake=90)
    stages = set()

    def look():
        described = account.sagemaker.describe_endpoint(EndpointName="deployed")
        for variant in described.get("PendingDeploymentSummary", {}).get("ProductionVariants", []):
            stages.add((variant["VariantStatus"][0]["Status"], variant["CurrentInstanceCount"]))
        return None if described["EndpointStatus"] == "Updating" else described

    described = until(look)
    sent, answers = load.result()
    assert set(answers) == {blue, green}
    assert sum(answers.values()) == sent
    assert described["EndpointConfigName"] == "green"
    assert "PendingDeploymentSummary" not in described
    assert {("Baking", 1), ("Baking", 2)} <= stages


def test_a_failing_canary_rolls_back_and_fails_only_its_own_requests(account, on_blue):
    blue, green = on_blue
    account.faults.put({"error_share": 0.1}, endpoint_config="green")
    load = account.load("deployed", RATE, 6)
    account.canary("deployed", "green", "green-errors", bake=900)
    described = account.settle("deployed")
    sent, answers = load.result()
    failed = {answer for answer in answers if answer not in (blue, green)}
    assert described["EndpointConfigName"] == "blue"
    assert "FailureReason" not in described
    assert all("an injected fault" in answer for answer in failed)
    assert sum(answers.values()) == sent
    assert sum(answers[answer] for answer in failed) < sent * 0.05
    assert answers[green] < sent * 0.5


def test_a_green_fleet_that_never_answers_ping_gets_no_traffic(account, on_blue):
    account.faults.put({"no_ping": True}, endpoint_config="green")
    account.canary("deployed", "green", "green-errors")
    load = account.load("deployed", 50, 2)
    described = account.settle("deployed")
    assert described["EndpointConfigName"] == "blue"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert set(load.result()[1]) == {on_blue[0]}


def test_an_alarm_in_alarm_before_the_start_ends_the_deployment_before_any_traffic(account, on_blue):
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="always",
        Namespace="Tests",
        MetricName="nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
    )
    until(lambda: account.alarm_state("always") == "ALARM" or None)
    load = account.load("deployed", 50, 2)
    account.canary("deployed", "green", "always")
    assert account.settle("deployed")["EndpointConfigName"] == "blue"
    assert set(load.result()[1]) == {on_blue[0]}
    cloudwatch.delete_alarms(AlarmNames=["always"])


def test_blue_errors_do_not_roll_green_back(account, on_blue):
    account.faults.put({"error_share": 0.5}, endpoint_config="blue")
    load = account.load("deployed", 100, 4)
    account.canary("deployed", "green", "green-errors", bake=60)
    assert account.settle("deployed")["EndpointConfigName"] == "green"
    assert load.result()[1][on_blue[1]] > 0


def test_two_deployments_at_once_are_refused_and_so_is_deleting_in_the_middle(account, on_blue):
    account.canary("deployed", "green", bake=30)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.canary("deployed", "blue")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.sagemaker.delete_endpoint(EndpointName="deployed")
    assert account.settle("deployed")["EndpointConfigName"] == "green"


def test_an_alarm_that_does_not_exist_is_found_out_at_once(account, on_blue):
    with pytest.raises(ClientError, match="CloudWatch alarms not found: nothing"):
        account.canary("deployed", "green", "nothing")
