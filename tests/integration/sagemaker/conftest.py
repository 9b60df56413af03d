import pytest

from localcloud.host.launch import launch
from tests.integration.sagemaker.account import Account


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    """One cloud for all SageMaker tests; each test names its own resources."""
    state = tmp_path_factory.mktemp("sagemaker-cloud")
    with launch(state_dir=state, deploy=False, speed=60) as cloud:
        made = Account(cloud, state)
        made.prepare()
        yield made
