"""One day's work per asset: read from the catalog, call the core, return what to publish.

Belongs here: which inputs a day needs, the manifest that names them, and the figures worth
showing. Does not belong here: Dagster (``assets`` wraps these), maths (``core``) or bytes
(``io``).
"""
