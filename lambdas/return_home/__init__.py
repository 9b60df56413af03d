"""Takes the traffic of a deployment that nobody watched back to the model before it."""
