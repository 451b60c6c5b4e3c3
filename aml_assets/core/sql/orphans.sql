-- How many references have no row that they refer to.
--
-- Inputs   referring: one row per reference; held: the keys that there are, also more than once.
--          Both have the same columns, of the same types, without nulls.
-- Grain    one row.
-- Output   orphans: references without a row.
-- Filled   columns.
--
-- NOT IN, not a left join: so the engine looks each reference up among the keys. For a join, it may
-- hold all references in memory.
{% set names %}{% for name in columns %}{{ "" if loop.first else ", " }}{{ name | id }}{% endfor %}{% endset %}
SELECT COUNT(*) AS orphans
FROM referring
WHERE ({{ names }}) NOT IN (SELECT {{ names }} FROM held)
