"""Everything that leaves: the shared snapshot in Redis, and the pages and metrics made from it.

Workers publish panes (`publisher`); exporters read them (`snapshot_store`), evaluate every
window at one instant (`view`) and serve the result (`service`).
"""
