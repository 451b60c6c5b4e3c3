"""Comparisons: two files by key, and two days by the distribution of their scores.

Belongs here: the differences between two frames. Does not belong here: finding the frames
(``steps.comparing``) or printing (``cli.compare``).
"""
