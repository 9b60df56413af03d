"""What IAM may judge a request to SageMaker by."""

from localcloud.services.sagemaker.access.conditions import keys_of

VPC = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}


def test_a_model_says_whether_it_is_isolated_and_where_it_lies():
    assert keys_of("CreateModel", {"EnableNetworkIsolation": True, "VpcConfig": VPC}) == {
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    }


def test_what_a_request_leaves_out_is_no_key():
    assert keys_of("CreateModel", {"ModelName": "m"}) == {}
    assert keys_of("CreateTrainingJob", {"VpcConfig": {"Subnets": []}}) == {}


def test_other_operations_have_none_of_these_keys():
    assert keys_of("CreateEndpoint", {"EnableNetworkIsolation": True}) == {}
