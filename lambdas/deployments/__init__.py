"""What the states that deploy share: how a deployment is guarded, and what proves that it went well. Pure."""
