"""The rehearsal: the deployed pipeline's whole story, told on one machine through AWS's own interfaces."""
