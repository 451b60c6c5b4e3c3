-- Relations as steps from account to account, along their payments or against them.
--
-- Inputs   relation: payer, payee (64-bit codes), the columns, and last_day if it is asked about.
-- Grain    one row per relation; of those that paid on or after a day, if one is given.
-- Output   source, target, the columns; in the order of source and target.
-- Filled   source, target (payer and payee, or the other way round); columns; since (a day, or
--          null).
SELECT
    {{ source }} AS source,
    {{ target }} AS target{% for column in columns %},
    {{ column | id }}{% endfor %}

FROM relation{% if since is not none %}

WHERE last_day >= {{ since }}{% endif %}

ORDER BY source, target
