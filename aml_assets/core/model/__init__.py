"""The model's maths: windows, labels, encoding, training, scoring, evaluation.

Belongs here: pure functions on frames and arrays. Does not belong here: reading or storing them
(``steps``, ``io``).
"""
