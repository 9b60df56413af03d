"""An embedded AWS cloud that deploys what `cdk synth` wrote; `python -m localcloud --help` teaches it.

It is a guest of the project: it imports nothing of the product and reads cdk.out, as AWS would.
"""
