-- The rows of a stored frame to which others refer.
--
-- Inputs   stored: its columns are "0", "1", …; one view a reference: value, the values of it.
-- Grain    one row per row that has, of one of the references, a value in each column.
-- Output   the columns, as they are.
-- Filled   columns; references: each a list of (column, type, view); order (columns).
SELECT {% for column in columns %}"{{ column }}"{{ "" if loop.last else ", " }}{% endfor %}

FROM stored
WHERE {% for reference in references %}({% for each in reference %}CAST("{{ each.column }}" AS {{ each.type }}) IN (SELECT value FROM {{ each.view | id }}){{ "" if loop.last else " AND " }}{% endfor %}){{ "" if loop.last else " OR " }}{% endfor %}

ORDER BY {% for column in order %}"{{ column }}"{{ "" if loop.last else ", " }}{% endfor %}
