-- The frames of some days below each other.
--
-- Inputs   one view a day; its columns are "0", "1", ….
-- Grain    that of the days, and the day.
-- Output   day (days since 1970-01-01); the columns.
-- Filled   days (view, number), at least one; columns (name; type, or null: as it is); only: a
--          column that has to be true, or null.
{% for day in days %}
SELECT
    CAST({{ day.number }} AS BIGINT) AS day{% for column in columns %},
    {% if column.type %}CAST("{{ loop.index0 }}" AS {{ column.type }}){% else %}"{{ loop.index0 }}"{% endif %} AS {{ column.name | id }}{% endfor %}

FROM {{ day.view | id }}
{% if only is not none %}
WHERE "{{ only }}"
{% endif %}
{{ "" if loop.last else "UNION ALL" }}
{% endfor %}
