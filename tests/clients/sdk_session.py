"""A user of the SageMaker Python SDK at work; runs in the clients' own environment and prints what it saw.

Takes the endpoint, the model package group, a model package's ARN and a row of CSV; AWS_ENDPOINT_URL and
keys come from the environment, as for every AWS client. The SDK's own listing of versioned packages is not
used: it describes each by a name, which versioned packages do not have.
"""

import json
import sys

from sagemaker.core.resources import Endpoint, EndpointConfig, ModelPackage, ModelPackageGroup, TrainingJob


def main(endpoint_name: str, group_name: str, package_arn: str, row: str) -> dict[str, object]:
    endpoint = Endpoint.get(endpoint_name=endpoint_name)
    endpoint.wait_for_status("InService", timeout=300)
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name)
    group = ModelPackageGroup.get(model_package_group_name=group_name)
    package = ModelPackage.get(model_package_name=package_arn)
    job = TrainingJob.get(training_job_name=endpoint.endpoint_config_name)
    answer = endpoint.invoke(body=row.encode(), content_type="text/csv", accept="text/csv")
    return {
        "endpoint_status": endpoint.endpoint_status,
        "capture": config.data_capture_config.enable_capture,
        "group_status": group.model_package_group_status,
        "package_approval": package.model_approval_status,
        "job_status": job.training_job_status,
        "prediction": float(answer.body.read()),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
