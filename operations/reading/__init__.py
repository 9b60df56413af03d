"""What a deployed stage is and does, read through boto3: typed, frozen answers, the same from AWS and from
any other cloud behind AWS_ENDPOINT_URL. Nothing here changes anything, and no response of boto3 leaves it."""
