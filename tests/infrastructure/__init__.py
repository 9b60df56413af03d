"""The synthesised template: what follows from it for whoever uploads, deploys, attacks or deletes."""
