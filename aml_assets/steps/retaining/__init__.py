"""Retaining: what is deleted once its term has passed, and what is kept all the same.

Belongs here: holds, the plan of a deletion, and carrying it out. Does not belong here: the terms
(``core.governance.terms``) or the command (``cli.retain``).
"""
