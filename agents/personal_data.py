"""How long a topic keeps what may tell of people."""

from collections.abc import Iterator

from agents.findings import UNLIMITED, Finding, Topic, Weight, duration


def judge_personal_data(topic: Topic, longest: int) -> Iterator[Finding]:
    """Judge whether records as they came are let go of; `longest` milliseconds are enough."""
    policies, kept = topic.policies, topic.number("retention.ms")
    if policies is not None and "delete" not in policies:
        how_long = f"for ever (cleanup.policy={topic.settings['cleanup.policy']})"
    elif kept == UNLIMITED:
        how_long = f"for ever (retention.ms={UNLIMITED})"
    elif kept is not None and kept > longest:
        how_long = f"for {duration(kept)}"
    else:
        return
    yield Finding(
        Weight.WARNING,
        f"topic {topic.name!r} keeps records that could not be read {how_long}: they are personal "
        "data, with names and addresses as they came. Set cleanup.policy=delete and "
        f"retention.ms={longest} on it, or less",
    )
