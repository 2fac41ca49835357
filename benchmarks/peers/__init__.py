"""The same job in other stream processors, each in an environment of its own."""
