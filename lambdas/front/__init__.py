"""What the functions behind the front share: requests, answers, problems, ids. No boto3."""
