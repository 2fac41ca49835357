"""One Hypothesis profile for the laws of the core: repeatable, bounded, without a clock."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "streams",
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("streams")
