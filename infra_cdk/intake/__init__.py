"""How an upload starts an execution: queue, dead-letter queue, starter."""
