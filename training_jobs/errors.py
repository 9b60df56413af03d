"""Why a training job fails. The class's name and message are what SageMaker reports as FailureReason.

TrainingError
├── InputError           a channel, hyperparameter or environment variable is missing or wrong
├── DatasetError         the rows cannot be trained on
├── ParameterError       the estimator does not take a configured parameter
├── UnsupportedModelError  the pipeline has a part that the exporter cannot express exactly
├── ParityError          the exported model does not repeat the pipeline's predictions
└── InterruptedJobError  SageMaker asked the job to stop
"""

from __future__ import annotations


class TrainingError(Exception):
    """The job cannot go on, and retrying it unchanged would not help."""


class InputError(TrainingError):
    pass


class DatasetError(TrainingError):
    pass


class ParameterError(TrainingError):
    pass


class UnsupportedModelError(TrainingError):
    pass


class ParityError(TrainingError):
    pass


class InterruptedJobError(TrainingError):
    pass
