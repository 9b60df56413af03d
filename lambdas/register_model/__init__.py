"""Enters the challenger in SageMaker's and MLflow's registries."""
