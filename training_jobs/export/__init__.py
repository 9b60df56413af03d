"""From a fitted scikit-learn pipeline to the plain data that `inference` serves, exactly.

`export_model` is the way in. What it cannot express exactly it refuses with UnsupportedModelError.
"""

from training_jobs.export.exporter import export_model

__all__ = ["export_model"]
