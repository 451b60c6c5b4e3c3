"""Commands of ``aml``, each in a module of its own.

Belongs here: what a command asks, prints and exits with; its ``register`` adds it to the app. Does
not belong here: the work.
"""
