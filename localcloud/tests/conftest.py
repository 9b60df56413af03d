"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test asserts how fast it is: a busy machine takes long over an example, and that is no failure.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
