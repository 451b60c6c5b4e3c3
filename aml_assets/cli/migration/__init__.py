"""From the flow of 2019 to here: its Airflow Variable in, our configuration out.

Belongs here: reading the variable (``variable``), what each of its keys means now (``mapping``,
with paths in ``paths``), and the YAML file that says so (``document``). Does not belong here:
files, the command line (``cli.migrate``), or reading any data of the old flow. Everything is
pure: texts and values in, texts and values out.
"""
