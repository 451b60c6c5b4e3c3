-- What each customer's account paid and was paid on one day.
--
-- Inputs   movements: one row per transaction; payer, payee (64-bit codes or ids of accounts, null
--          where unknown), payer_is_ours, payee_is_ours (the account is a customer's), amount (decimal);
--          for each trait a truth value (null: it cannot be told).
-- Grain    one row per account of a customer, paid and inside.
-- Output   account; paid (true: it paid, false: it was paid); inside (the other account is a
--          customer's, too);
--          payments, amounts: how many, and how many of a known amount;
--          total, largest: of the amounts, in their unit (null: none is known);
--          squares: sum of the squared amounts, each taken to the hundredth and for at most 10^12;
--          for each trait: how many payments have it (null: it can be told of none).
-- Filled   traits (columns).
WITH movement AS (
    SELECT
        payer, payee, payer_is_ours, payee_is_ours, amount,
        -- Not LEAST, which takes the bound where there is no amount.
        CAST(CASE WHEN ABS(amount) > 999999999999 THEN 999999999999 ELSE ABS(amount) END AS DECIMAL(19, 2)) AS size{% for trait in traits %},
        {{ trait | id }}{% endfor %}

    FROM movements
    WHERE payer IS DISTINCT FROM payee
),
side AS (
    SELECT payer AS account, TRUE AS paid, payee_is_ours AS inside, amount, size{% for trait in traits %}, {{ trait | id }}{% endfor %}

    FROM movement
    WHERE payer_is_ours AND payer IS NOT NULL
    UNION ALL
    SELECT payee AS account, FALSE AS paid, payer_is_ours AS inside, amount, size{% for trait in traits %}, {{ trait | id }}{% endfor %}

    FROM movement
    WHERE payee_is_ours AND payee IS NOT NULL
)
SELECT
    account,
    paid,
    inside,
    COUNT(*) AS payments,
    COUNT(amount) AS amounts,
    SUM(amount) AS total,
    MAX(amount) AS largest,
    CAST(SUM(size * size) AS DECIMAL(38, 4)) AS squares{% for trait in traits %},
    CAST(SUM(CASE WHEN {{ trait | id }} THEN 1 WHEN NOT {{ trait | id }} THEN 0 END) AS BIGINT) AS {{ trait | id }}{% endfor %}

FROM side
GROUP BY account, paid, inside
ORDER BY account, paid, inside
