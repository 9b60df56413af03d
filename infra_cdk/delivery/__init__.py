"""An app of its own: lets a repository's workflows deploy, without a key. Deployed once per account."""
