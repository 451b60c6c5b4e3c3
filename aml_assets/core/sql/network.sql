-- What the network of payments says of each pair of accounts that moved money on one day.
--
-- The counts per account leave out nobody; the ways lead through the graph of new relations
-- (new_relation.sql).
--
-- Inputs   pair_history: what pair_history.sql gives of some pairs of the day, or of all;
--          counterparties: what counterparties.sql gives;
--          onward, back, shared: what ways.sql gives of these pairs: along two payments from the
--          payer; against two payments from the payee (the source); and along one from the payer
--          and against one to its other payers.
-- Grain    one row per pair of pair_history and onward.
-- Output   payer, payee;
--          pair_payments, pair_age, pair_gap, reverse_payments, reverse_age: as in pair_history;
--          for each of payer and payee, and each window of w days:
--          payees_w, payers_w, new_payees_w, new_payers_w: its counterparties, and the new ones;
--          for each window:
--          shared_payees_w: new payees that the payer has in common with one other new payer of
--          this payee, the most of any; sharing_payers_w: how many of those have two or more;
--          gather_ways_w: go-betweens from a new payer of the payer to this payee, the most of any;
--          scatter_ways_w: go-betweens from the payer to a new payee of the payee, the most of any;
--          upstream_w: accounts two new payments before the payee;
--          downstream_w: accounts two new payments after the payer.
-- Filled   windows (days).
SELECT
    pair.payer,
    pair.payee,
    pair.pair_payments,
    pair.pair_age,
    pair.pair_gap,
    pair.reverse_payments,
    pair.reverse_age{% for w in windows %},
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

FROM onward
INNER JOIN pair_history AS pair ON pair.payer = onward.source AND pair.payee = onward.target
INNER JOIN counterparties AS of_payer ON of_payer.account = pair.payer
INNER JOIN counterparties AS of_payee ON of_payee.account = pair.payee
INNER JOIN shared ON shared.source = pair.payer AND shared.target = pair.payee
INNER JOIN back ON back.source = pair.payee AND back.target = pair.payer
ORDER BY pair.payer, pair.payee
