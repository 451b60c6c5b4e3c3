"""Governance: the record of who decided what, and which model may score.

Belongs here: pure rules. Does not belong here: where the record lies (``io.ledger``).
"""
