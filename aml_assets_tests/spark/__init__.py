"""A Spark of the tests' own: a Spark Connect server on loopback, and its client.

Belongs here: fetching, starting and asking it. Does not belong here: what is expected of it.
"""
