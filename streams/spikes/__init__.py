"""Whether a count is as it should be: what past weeks let expect, and how surprising a count is."""
