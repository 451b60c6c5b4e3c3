"""The pages for people: a day's alerts, and its model.

Belongs here: what a page holds (``alerts``, ``models``), its charts, and its template. Does not
belong here: reading anything (``steps``), or where a page is stored (``io.formats.html``).

A page is one file that loads nothing, from nowhere: no address, no font, no picture outside it. Its
content security policy allows its own style and script, by their hashes, and nothing else, so that
not even a name that slipped through escaping could run or send anything.
"""
