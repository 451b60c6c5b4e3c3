-- What one day's transactions lack, for the record beside what is counted of them.
--
-- Inputs   movements: as movements.sql gives them.
-- Grain    one row.
-- Output   movements: transactions; without_counterparty: one of the accounts is unknown;
--          without_amount; to_itself: both accounts are one.
-- Filled   nothing.
SELECT
    COUNT(*) AS movements,
    COUNT(CASE WHEN payer IS NULL OR payee IS NULL THEN 1 END) AS without_counterparty,
    COUNT(CASE WHEN amount IS NULL THEN 1 END) AS without_amount,
    COUNT(CASE WHEN payer = payee THEN 1 END) AS to_itself
FROM movements
