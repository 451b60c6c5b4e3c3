"""From the flow of 2019 to here: its Airflow Variable in, our configuration out.

Belongs here: reading the variable (``variable``), mapping its keys (``mapping``, with
``legacy_paths`` and ``table_folders``), the result (``outcomes``) and its YAML file
(``document``). Does not belong here: files, the command line (``cli.migrate``), or reading any
data of the old flow. Everything is pure: texts and values in, texts and values out.
"""
