"""One folder per function, named after its state, and the rooms they share: `aws`, `datasets`, `deployments`.

`aws` is the only one that imports boto3. No function's folder imports another's.
"""
