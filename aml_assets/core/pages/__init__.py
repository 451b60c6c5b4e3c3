"""The HTML pages for people: a day's alerts, and its model.

Belongs here: the content of a page (``alert_page``, ``model_page``), its charts, and its template.
Does not belong here: reading anything (``steps``), or storing a page (``io.formats.html``).

A page is one file that loads nothing else: no address, font or picture from outside. Its content
security policy allows its own style and script, by their hashes, and nothing else, so that even a
name that was not escaped could neither run nor send anything.
"""
