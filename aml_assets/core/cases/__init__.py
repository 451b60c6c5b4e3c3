"""Cases: what investigators decide about reports and customers, and what becomes of it.

Belongs here: reading their files, and which of their dispositions count. Does not belong here:
where dispositions are kept (``io.disposition_store``) or which models learn from them (``steps``).
"""
