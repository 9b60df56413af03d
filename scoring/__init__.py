"""How good a model's answers are: one implementation for training, gate and monitoring.

`figure_of(name)` gives a metric, `best_constant` the answer that looks at nothing and is best by it. A name's
suffix carries the direction: `_error` is better when lower, `_score` when higher.
"""

from scoring.constants import best_constant, constant_answers
from scoring.figures import Figure, on_rows, overall
from scoring.metrics import METRICS, figure_of

__all__ = ["METRICS", "Figure", "best_constant", "constant_answers", "figure_of", "on_rows", "overall"]
