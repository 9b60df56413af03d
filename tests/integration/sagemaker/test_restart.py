from localcloud.host.launch import launch
from tests.integration.sagemaker.account import Account, until


def test_a_cloud_killed_in_the_middle_of_a_deployment_serves_the_old_config_again(tmp_path):
    with launch(state_dir=tmp_path, deploy=False, speed=30) as cloud:
        account = Account(cloud, tmp_path)
        account.prepare()
        word = account.config("first", "first")
        account.config("second", "second")
        account.sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="first")
        account.settle("kept")
        account.canary("kept", "second", bake=600)
        until(
            lambda: account.sagemaker.describe_endpoint(EndpointName="kept").get("PendingDeploymentSummary")
        )
        cloud.process.kill()
        cloud.process.wait()
    with launch(state_dir=tmp_path, deploy=False, speed=30) as cloud:
        account = Account(cloud, tmp_path)
        assert account.ask("kept") == word
        described = account.sagemaker.describe_endpoint(EndpointName="kept")
        assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "first")
        assert "PendingDeploymentSummary" not in described
        jobs = account.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        assert {job["TrainingJobStatus"] for job in jobs} == {"Completed"}
