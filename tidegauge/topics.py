def add_commands(commands, shared):
    pass
