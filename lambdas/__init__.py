"""One folder per Lambda function, named after its state; `aws` is the only package that imports boto3."""
