"""The embedded cloud: runs what `cdk synth` wrote on this machine, without an AWS account."""
