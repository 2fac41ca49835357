"""Whether a metric is far beyond what past weeks let expect, at an instant."""
