"""Launches: what is said of them on the topic, how that is kept, and what they came to."""
