"""A synthetic bank: everything a first run needs, and nothing about anybody.

``bank.write_bank`` writes a landing folder the way a bank's upstream systems do. The work is
split by what a bank consists of: ``population`` (customers and their accounts), ``behaviour``
(what they do with their money), ``patterns`` (laundering, in its eight textbook shapes),
``monitoring`` (the rules that report transactions, and the desk that decides), ``bank`` (the
five tables and their files).

Belongs here: made-up data, drawn from a seed. Does not belong here: anything the pipeline
itself needs to run.
"""
