"""What a command of the command line consists of."""


def leaves(command):
    """A command, or of a group the commands in it."""
    parts = getattr(command, "commands", None)
    return [leaf for part in parts.values() for leaf in leaves(part)] if parts else [command]


def parameters(command):
    """The parameters of a command, or of all commands in a group."""
    return [parameter for leaf in leaves(command) for parameter in leaf.params]
