"""EvaluateModel: metrics, gate, report and handler."""
