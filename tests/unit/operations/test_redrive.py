"""Dead letters go back to the queue that they were meant for."""

import pytest
from botocore.exceptions import ClientError

from operations.deployed import DeployedStage, NotDeployedError
from operations.redrive import redrive

DEAD, UPLOADS = "https://queues/dead-letters", "https://queues/uploads"


class FakeQueues:
    """SQS with two queues; remembers the move that was asked for."""

    def __init__(self, waiting):
        self._waiting = waiting
        self.moved = []

    def get_queue_attributes(self, *, QueueUrl, AttributeNames):
        name = QueueUrl.rpartition("/")[2]
        return {"Attributes": {"QueueArn": f"arn:{name}", "ApproximateNumberOfMessages": str(self._waiting)}}

    def start_message_move_task(self, **arguments):
        self.moved.append(arguments)


class FakeStacks:
    """CloudFormation with or without the stage's stack."""

    def __init__(self, stack):
        self._stack = stack

    def describe_stacks(self, *, StackName):
        if self._stack is None:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = {"DeadLetterQueueUrl": DEAD, "UploadQueueUrl": UPLOADS}
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}


class FakeSession:
    region_name = "us-east-1"

    def __init__(self, queues=None, stack="there"):
        self._clients = {"sqs": queues, "cloudformation": FakeStacks(stack)}

    def client(self, service):
        return self._clients[service]


def test_dead_letters_are_moved_to_the_upload_queue_by_name():
    queues = FakeQueues(waiting=3)
    assert redrive(DeployedStage("dev", FakeSession(queues))) == 3
    assert queues.moved == [{"SourceArn": "arn:dead-letters", "DestinationArn": "arn:uploads"}]


def test_an_empty_dead_letter_queue_starts_no_task():
    queues = FakeQueues(waiting=0)
    assert redrive(DeployedStage("dev", FakeSession(queues))) == 0
    assert queues.moved == []


def test_a_stage_that_is_not_deployed_is_told_with_region_and_what_to_do():
    with pytest.raises(NotDeployedError, match=r"no stack housing-prod in us-east-1.*make deploy"):
        redrive(DeployedStage("prod", FakeSession(stack=None)))
