"""The command line: what a person runs, and the only place that reads files and the environment."""
