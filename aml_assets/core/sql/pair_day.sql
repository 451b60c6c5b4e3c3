-- Who paid whom on one day: the relations between the bank's customers.
--
-- Inputs   movements: one row per transaction; payer, payee (64-bit codes or ids of accounts, null
--          where unknown), payer_is_ours, payee_is_ours (the account is a customer's), amount (decimal).
-- Grain    one row per payer and payee that are two accounts of customers.
-- Output   payer, payee, payments, total (in the unit of the amounts).
-- Filled   nothing.
SELECT payer, payee, COUNT(*) AS payments, SUM(amount) AS total
FROM movements
WHERE payer_is_ours AND payee_is_ours AND payer <> payee
GROUP BY payer, payee
ORDER BY payer, payee
