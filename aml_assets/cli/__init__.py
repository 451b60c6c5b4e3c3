"""The commands of ``aml``, each in a module of its own.

Belongs here: a command's options, what it prints, and its exit code. Does not belong here: the
work. A command whose name is taken by a package has its module called ``…_command``.
"""
