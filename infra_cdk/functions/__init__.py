"""How a Lambda function is made: its code, its settings, its role and its log."""
