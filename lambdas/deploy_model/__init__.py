"""Starts the deployment of a challenger: model, endpoint config, rollback alarms, endpoint."""
