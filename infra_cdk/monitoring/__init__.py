"""What looks at the pipeline: alarms, dashboard, scheduled looks, and the topic that tells people."""
