"""Everything Faust: batches in, tables and their changelogs, checkpoints, recovery, the app."""
