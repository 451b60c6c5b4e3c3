-- The graph of new relations: who pays whom for the first time.
--
-- A relation is new in a window if its first payment within the horizon lies in that window: the
-- pair did not pay before. The graph leaves out accounts with more new counterparties on a side
-- than the bound (payrolls, merchants).
--
-- Inputs   relation: what relation.sql gives;
--          counterparties: what counterparties.sql gives of it.
-- Grain    one row per relation that belongs to a window's graph.
-- Output   payer, payee; for each window of w days new_w: whether it belongs to the window's graph.
-- Filled   day, windows (days, the longest last), bound (new counterparties).
WITH lately AS (
    SELECT
        relation.payer,
        relation.payee{% for w in windows %},
        relation.first_day > {{ day - w }}
        AND payer.new_payees_{{ w }} <= {{ bound }}
        AND payee.new_payers_{{ w }} <= {{ bound }} AS new_{{ w }}{% endfor %}

    FROM relation
    INNER JOIN counterparties AS payer ON payer.account = relation.payer
    INNER JOIN counterparties AS payee ON payee.account = relation.payee
    WHERE relation.first_day > {{ day - windows[-1] }}
)
SELECT * FROM lately
WHERE {% for w in windows %}{{ "" if loop.first else " OR " }}new_{{ w }}{% endfor %}
