"""Tables: contracts, value parsing, joins in SQL, and the checks of a day's content.

Belongs here: pure functions on Arrow tables. Does not belong here: reading or storing them.
"""
