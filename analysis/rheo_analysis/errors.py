"""The one error that a user causes."""


class BadInput(Exception):
    """What is wrong with an argument or a file, in one line that a user can act on."""
