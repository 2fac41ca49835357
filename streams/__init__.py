"""The pure core: what an event is, which panes it counts in, and what the panes say at an instant.

Nothing here knows Kafka, Redis or HTTP, reads a clock or an environment: the same log folded twice
gives the same bytes.
"""
