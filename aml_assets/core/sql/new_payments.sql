-- The payments of relations that are new in a window, for the search for cycles.
--
-- Inputs   pair_day: day, payer, payee, payments, as for relation.sql; relation: what that gives.
-- Grain    one row per day, payer and payee.
-- Output   day, payer, payee, first_day (of the relation).
-- Filled   since: the window's first day.
SELECT pair_day.day, pair_day.payer, pair_day.payee, relation.first_day
FROM pair_day
INNER JOIN relation ON relation.payer = pair_day.payer AND relation.payee = pair_day.payee
WHERE pair_day.day >= {{ since }} AND relation.first_day >= {{ since }}
