-- How many accounts each account paid and was paid by lately, and how many of them are new to it.
--
-- Inputs   relation: what relation.sql gives.
-- Grain    one row per account that paid or was paid within the longest window.
-- Output   account; for each window of w days payees_w, payers_w, new_payees_w, new_payers_w: its
--          counterparties, and those of them whose relation begins in the window.
-- Filled   day, windows (days, the longest last).
SELECT
    account{% for w in windows %},
    CAST(SUM(CASE WHEN pays AND last_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT)
        AS payees_{{ w }},
    CAST(SUM(CASE WHEN NOT pays AND last_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT)
        AS payers_{{ w }},
    CAST(SUM(CASE WHEN pays AND first_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT)
        AS new_payees_{{ w }},
    CAST(SUM(CASE WHEN NOT pays AND first_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT)
        AS new_payers_{{ w }}{% endfor %}

FROM (
    SELECT payer AS account, TRUE AS pays, first_day, last_day FROM relation
    UNION ALL
    SELECT payee AS account, FALSE AS pays, first_day, last_day FROM relation
) AS ends
WHERE last_day > {{ day - windows[-1] }}
GROUP BY account
ORDER BY account
