"""Your own estimators: a module a file, named in pipeline.toml as `estimator = "custom:module.Class"`."""
