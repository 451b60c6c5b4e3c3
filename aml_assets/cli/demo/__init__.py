"""A synthetic bank for a first run, and the run itself (``run``).

``synthetic_bank.write_bank`` writes a landing folder as a bank's upstream systems do. The other
modules hold one part of a bank each: ``population`` customers and their accounts, ``behaviour``
their payments, ``patterns`` laundering in its eight textbook shapes, ``monitoring`` the rules
that report transactions and the desk that decides about them.

Belongs here: made-up data, drawn from a seed. Does not belong here: anything the pipeline
itself needs to run.
"""
