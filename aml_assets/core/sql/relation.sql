-- Who paid whom lately, and since when within the horizon.
--
-- Inputs   pair_day: day (days since 1970-01-01), payer, payee (64-bit codes or ids), payments; the days
--          of the horizon up to the day itself, one row per day and pair.
-- Grain    one row per payer and payee that paid on or after a day.
-- Output   payer, payee, first_day, last_day.
-- Filled   since: the first day of the longest window that is asked about.
SELECT payer, payee, MIN(day) AS first_day, MAX(day) AS last_day
FROM pair_day
GROUP BY payer, payee
HAVING MAX(day) >= {{ since }}
