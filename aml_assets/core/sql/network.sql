-- What the network of payments says of each pair of accounts that moved money on one day.
--
-- The counts per account leave out nobody; the ways lead through the graph of new relations
-- (new_relation.sql).
--
-- Inputs   pair: payer and payee as source and target, first_day, previous_day, payments (as of
--          relation.sql); some pairs of the day, or all;
--          opposite: the same of relations from the payee to the payer (source: the payer);
--          counterparties: what counterparties.sql gives;
--          onward, back, shared: what ways.sql gives of these pairs, with payer and payee as
--          source and target: along two payments from the payer; against two from the payee; and
--          along one from the payer and against one to its other payers.
-- Grain    one row per pair.
-- Output   payer, payee;
--          pair_payments, pair_age, pair_gap: payments in this direction, days since the first,
--          days since the last before today (null: none);
--          reverse_payments, reverse_age: the same of the opposite direction (age null: none);
--          for each of payer and payee, and each window of w days:
--          payees_w, payers_w, new_payees_w, new_payers_w: its counterparties, and the new ones;
--          for each window:
--          shared_payees_w: new payees that the payer has in common with one other new payer of
--          this payee, the most of any; sharing_payers_w: how many of those have two or more;
--          gather_ways_w: go-betweens from a new payer of the payer to this payee, the most of any;
--          scatter_ways_w: go-betweens from the payer to a new payee of the payee, the most of any;
--          upstream_w: accounts two new payments before the payee;
--          downstream_w: accounts two new payments after the payer.
-- Filled   day, windows (days).
SELECT
    pair.source AS payer,
    pair.target AS payee,
    pair.payments AS pair_payments,
    {{ day }} - pair.first_day AS pair_age,
    {{ day }} - pair.previous_day AS pair_gap,
    COALESCE(opposite.payments, 0) AS reverse_payments,
    {{ day }} - opposite.first_day AS reverse_age{% for w in windows %},
    of_payer.payees_{{ w }} AS payer_payees_{{ w }},
    of_payer.payers_{{ w }} AS payer_payers_{{ w }},
    of_payer.new_payees_{{ w }} AS payer_new_payees_{{ w }},
    of_payer.new_payers_{{ w }} AS payer_new_payers_{{ w }},
    of_payee.payees_{{ w }} AS payee_payees_{{ w }},
    of_payee.payers_{{ w }} AS payee_payers_{{ w }},
    of_payee.new_payees_{{ w }} AS payee_new_payees_{{ w }},
    of_payee.new_payers_{{ w }} AS payee_new_payers_{{ w }},
    shared.most_{{ w }} AS shared_payees_{{ w }},
    shared.several_{{ w }} AS sharing_payers_{{ w }},
    back.most_{{ w }} AS gather_ways_{{ w }},
    onward.most_{{ w }} AS scatter_ways_{{ w }},
    back.ends_{{ w }} AS upstream_{{ w }},
    onward.ends_{{ w }} AS downstream_{{ w }}{% endfor %}

FROM pair
LEFT JOIN opposite ON opposite.source = pair.source AND opposite.target = pair.target
INNER JOIN counterparties AS of_payer ON of_payer.account = pair.source
INNER JOIN counterparties AS of_payee ON of_payee.account = pair.target
INNER JOIN onward ON onward.source = pair.source AND onward.target = pair.target
INNER JOIN shared ON shared.source = pair.source AND shared.target = pair.target
INNER JOIN back ON back.source = pair.source AND back.target = pair.target
ORDER BY pair.source, pair.target
