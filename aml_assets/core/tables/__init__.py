"""Tables: contracts, conversion of values, joins in SQL, and the checks of a day's content.

Belongs here: pure functions on Arrow tables. Does not belong here: reading or storing them
(``steps``, ``io``).
"""
