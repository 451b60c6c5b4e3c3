"""Relations between accounts: who paid whom, and what the network of payments says of a pair.

Belongs here: partials of one day's transactions, and the features that many days of them give.
Does not belong here: reading and storing them (``steps.builders``), or the SQL (``core.sql``).
"""
