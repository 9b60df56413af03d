"""The errors that end an execution. A class's name is an interface: the state machine catches it.

GreenlightError
├── ServiceBusyError           an AWS service throttled or failed for longer than the call was retried
├── DocumentError              a state was given, or gave, a document without a key that must be there
├── UploadEventError           the queue's message is no S3 event that names bucket, key and version
├── UploadMissingError         the uploaded object version is gone before it was read
├── TrainingFailedError        the training job ended without a model
├── EvaluationError
│   ├── ChampionUnreadableError    the serving model's artefact cannot be loaded or scored
│   └── ChallengerUnreadableError  the trained model's artefact cannot be loaded or scored
├── RegistrationError
│   ├── ImageMissingError      an image's tag is not in its ECR repository
│   ├── ArchiveChangedError    the model's archive is not the one that was evaluated
│   └── MlflowRequestError     MLflow refused a call
├── PreconditionError          what the execution will need at its end is not there
├── RollbackImpossibleError    there is no model to go back to, or another one serves by now
├── TrainingJobBusyError       a training job that was told to stop still runs; delete the stack again later
├── MonitoringError
│   ├── BaselineError          what the champion's baseline is made of is gone, or can't be read
│   └── RetrainingError        the rows that a retraining needs can't be put together
├── BatchError                 a file can't be answered by the champion
│   └── BatchRefusedError      the file can't be read as rows of the model's columns
├── LeaseLostError             the deployment lease expired, or another execution holds it
└── DeploymentError
    ├── EndpointBusyError          the endpoint is still busy with another change; try again later
    ├── DeploymentFailedError      the endpoint could not be created or updated
    ├── DeploymentRolledBackError  SageMaker went back to the champion
    ├── DeploymentUnguardedError   nobody watched the deployment, or nothing proved it; traffic went home
    └── FleetTooSmallError         one instance can't be shared between two fleets, and the policy wants that
"""


class GreenlightError(Exception):
    """Something ended an execution; the message says what, where and with which value."""


class ServiceBusyError(GreenlightError):
    """An AWS service throttled or failed for longer than the call was retried; the state machine retries."""


class DocumentError(GreenlightError):
    """A document lacks a key, or holds another kind of value; the message names state, key and finding."""


class UploadEventError(GreenlightError):
    """The queue's message is no S3 event that names bucket, key and version."""


class UploadMissingError(GreenlightError):
    """The uploaded object version is gone before it was read."""


class TrainingJobBusyError(GreenlightError):
    """A training job that was told to stop still runs."""


class TrainingFailedError(GreenlightError):
    """The training job ended without a model; the message is its failure reason."""


class EvaluationError(GreenlightError):
    """Champion and challenger could not be compared."""


class ChampionUnreadableError(EvaluationError):
    """The serving model's artefact cannot be loaded or scored, so nothing can be said to beat it."""


class ChallengerUnreadableError(EvaluationError):
    """The trained model's artefact cannot be loaded or scored."""


class RegistrationError(GreenlightError):
    """The challenger could not be entered in a registry."""


class ImageMissingError(RegistrationError):
    """An image's tag is not in its ECR repository, so its digest cannot be recorded."""


class ArchiveChangedError(RegistrationError):
    """The model's archive, or what serves it, is not what was evaluated; the message holds both hashes."""


class MlflowRequestError(RegistrationError):
    """MLflow refused a call; the message holds path, status and MLflow's own reason."""


class PreconditionError(GreenlightError):
    """What the execution will need at its end is not there; the message says what, and how to get it."""


class RollbackImpossibleError(GreenlightError):
    """There is no model to go back to, or another one serves than the operator wanted to leave."""


class LeaseLostError(GreenlightError):
    """The deployment lease expired, or another execution holds it: this one may not deploy."""


class MonitoringError(GreenlightError):
    """What serves could not be watched."""


class BaselineError(MonitoringError):
    """What the champion's baseline is made of is gone, or can't be read; the message says which."""


class RetrainingError(MonitoringError):
    """The rows that a retraining needs can't be put together; the message says which and why."""


class BatchError(GreenlightError):
    """A file under `batch/` can't be answered; the message says why, and what to do."""


class BatchRefusedError(BatchError):
    """The file can't be read as rows of the model's columns; nothing of it is answered."""


class DeploymentError(GreenlightError):
    """The challenger did not take over the endpoint."""


class EndpointBusyError(DeploymentError):
    """The endpoint is still busy with another change; the state machine tries again later."""


class DeploymentFailedError(DeploymentError):
    """The endpoint could not be created or updated."""


class DeploymentRolledBackError(DeploymentError):
    """SageMaker went back to the champion; the message names the alarm and its datapoints."""


class DeploymentUnguardedError(DeploymentError):
    """Alarms were gone or changed, or nothing proved the new model well; the message says which."""


class FleetTooSmallError(DeploymentError):
    """The fleet has one instance, and the policy refuses to replace it at once."""
