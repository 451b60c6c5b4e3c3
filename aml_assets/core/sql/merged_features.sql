-- The merged frame of one day: one row per report, with the columns of all joined tables.
--
-- Inputs   one view per table of the join spec; the first one is the reports' table, and every
--          right side is unique in its join columns (checked before).
-- Grain    one row per row of the reports' table: left joins never drop or multiply one.
-- Output   columns: the listed source columns under their merged names;
--          "matched <table>": true if the join found a row.
-- Filled   columns, root, joins, key (from the join spec in the configuration).
SELECT
{% for column in columns %}
    {{ column.table | id }}.{{ column.source | id }} AS {{ column.name | id }},
{% endfor %}
{% for join in joins %}
    {{ join.table | id }}.{{ join.pairs[0].right | id }} IS NOT NULL AS {{ ("matched " ~ join.table) | id }}{{ "" if loop.last else "," }}
{% endfor %}
FROM {{ root | id }}
{% for join in joins %}
LEFT JOIN {{ join.table | id }}
    ON {% for pair in join.pairs %}{{ "" if loop.first else " AND " }}{{ pair.left_table | id }}.{{ pair.left | id }} = {{ join.table | id }}.{{ pair.right | id }}{% endfor %}

{% endfor %}
ORDER BY {% for name in key %}{{ "" if loop.first else ", " }}{{ root | id }}.{{ name | id }}{% endfor %}

