"""What makes, keeps and serves models: images, roles, package group, MLflow app."""
