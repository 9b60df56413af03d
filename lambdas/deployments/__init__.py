"""What the states that deploy share: lease, guards and proof of a deployment, and who is champion."""
