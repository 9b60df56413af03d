"""What the functions that write and read feature groups share: values as texts, and windows. No boto3."""
