-- What the network of payments says of each pair of accounts that moved money on one day.
--
-- A pair is new in a window if its first payment within the horizon lies in that window: it did
-- not pay before. The graph of new relations leaves out accounts with more new counterparties on
-- a side than the bound (payrolls, merchants); the counts per account leave out nobody.
--
-- Inputs   pair_day: day (days since 1970-01-01), payer, payee (64-bit codes), payments; the days
--          of the horizon up to the day itself, one row per day and pair;
--          relation: what relation.sql gives of it, since the first day of the longest window.
-- Grain    one row per pair that paid on the day.
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
-- Filled   day, windows (days), bound (new counterparties).
WITH today AS (
    SELECT payer, payee FROM relation WHERE last_day = {{ day }}
),
past AS (
    SELECT
        pair_day.payer,
        pair_day.payee,
        MIN(pair_day.day) AS first_day,
        MAX(CASE WHEN pair_day.day < {{ day }} THEN pair_day.day END) AS previous_day,
        CAST(SUM(pair_day.payments) AS BIGINT) AS payments
    FROM pair_day
    INNER JOIN (
        SELECT payer, payee FROM today UNION SELECT payee, payer FROM today
    ) AS wanted ON wanted.payer = pair_day.payer AND wanted.payee = pair_day.payee
    GROUP BY pair_day.payer, pair_day.payee
),
{% for w in windows %}
paying_{{ w }} AS (
    SELECT
        payer AS account,
        COUNT(*) AS payees,
        CAST(SUM(CASE WHEN first_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT) AS new_payees
    FROM relation
    WHERE last_day > {{ day - w }}
    GROUP BY payer
),
paid_{{ w }} AS (
    SELECT
        payee AS account,
        COUNT(*) AS payers,
        CAST(SUM(CASE WHEN first_day > {{ day - w }} THEN 1 ELSE 0 END) AS BIGINT) AS new_payers
    FROM relation
    WHERE last_day > {{ day - w }}
    GROUP BY payee
),
fresh_{{ w }} AS (
    SELECT payer, payee
    FROM relation
    WHERE first_day > {{ day - w }}
        AND NOT EXISTS (
            SELECT 1 FROM paying_{{ w }} AS hub
            WHERE hub.account = relation.payer AND hub.new_payees > {{ bound }}
        )
        AND NOT EXISTS (
            SELECT 1 FROM paid_{{ w }} AS hub
            WHERE hub.account = relation.payee AND hub.new_payers > {{ bound }}
        )
),
outgoing_{{ w }} AS (
    SELECT payer, payee FROM fresh_{{ w }} WHERE payer IN (SELECT payer FROM today)
),
incoming_{{ w }} AS (
    SELECT payer, payee FROM fresh_{{ w }} WHERE payee IN (SELECT payee FROM today)
),
rivals_{{ w }} AS (
    SELECT DISTINCT today.payer, other.payer AS rival
    FROM today
    INNER JOIN incoming_{{ w }} AS other
        ON other.payee = today.payee AND other.payer <> today.payer
),
peers_{{ w }} AS (
    SELECT a.payer, b.payer AS peer, COUNT(*) AS shared
    FROM outgoing_{{ w }} AS a
    INNER JOIN fresh_{{ w }} AS b ON b.payee = a.payee
    INNER JOIN rivals_{{ w }} AS rivals ON rivals.payer = a.payer AND rivals.rival = b.payer
    GROUP BY a.payer, b.payer
),
shared_{{ w }} AS (
    SELECT
        today.payer,
        today.payee,
        MAX(peers.shared) AS shared_payees,
        CAST(SUM(CASE WHEN peers.shared >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS sharing_payers
    FROM today
    INNER JOIN incoming_{{ w }} AS other ON other.payee = today.payee
    LEFT JOIN peers_{{ w }} AS peers ON peers.payer = today.payer AND peers.peer = other.payer
    GROUP BY today.payer, today.payee
),
ways_in_{{ w }} AS (
    SELECT a.payer AS origin, b.payee, COUNT(*) AS ways
    FROM incoming_{{ w }} AS b
    INNER JOIN fresh_{{ w }} AS a ON a.payee = b.payer
    GROUP BY a.payer, b.payee
),
ways_out_{{ w }} AS (
    SELECT a.payer, b.payee AS target, COUNT(*) AS ways
    FROM outgoing_{{ w }} AS a
    INNER JOIN fresh_{{ w }} AS b ON b.payer = a.payee
    GROUP BY a.payer, b.payee
),
gather_{{ w }} AS (
    SELECT today.payer, today.payee, MAX(ways_in.ways) AS ways
    FROM today
    INNER JOIN fresh_{{ w }} AS funding ON funding.payee = today.payer
    LEFT JOIN ways_in_{{ w }} AS ways_in
        ON ways_in.origin = funding.payer AND ways_in.payee = today.payee
    GROUP BY today.payer, today.payee
),
scatter_{{ w }} AS (
    SELECT today.payer, today.payee, MAX(ways_out.ways) AS ways
    FROM today
    INNER JOIN fresh_{{ w }} AS onward ON onward.payer = today.payee
    LEFT JOIN ways_out_{{ w }} AS ways_out
        ON ways_out.payer = today.payer AND ways_out.target = onward.payee
    GROUP BY today.payer, today.payee
),
upstream_{{ w }} AS (
    SELECT payee, COUNT(*) AS accounts FROM ways_in_{{ w }} GROUP BY payee
),
downstream_{{ w }} AS (
    SELECT payer, COUNT(*) AS accounts FROM ways_out_{{ w }} GROUP BY payer
){{ "" if loop.last else "," }}
{% endfor %}
SELECT
    today.payer,
    today.payee,
    pair.payments AS pair_payments,
    {{ day }} - pair.first_day AS pair_age,
    {{ day }} - pair.previous_day AS pair_gap,
    COALESCE(opposite.payments, 0) AS reverse_payments,
    {{ day }} - opposite.first_day AS reverse_age{% for w in windows %},
    COALESCE(payer_paying_{{ w }}.payees, 0) AS payer_payees_{{ w }},
    COALESCE(payer_paid_{{ w }}.payers, 0) AS payer_payers_{{ w }},
    COALESCE(payer_paying_{{ w }}.new_payees, 0) AS payer_new_payees_{{ w }},
    COALESCE(payer_paid_{{ w }}.new_payers, 0) AS payer_new_payers_{{ w }},
    COALESCE(payee_paying_{{ w }}.payees, 0) AS payee_payees_{{ w }},
    COALESCE(payee_paid_{{ w }}.payers, 0) AS payee_payers_{{ w }},
    COALESCE(payee_paying_{{ w }}.new_payees, 0) AS payee_new_payees_{{ w }},
    COALESCE(payee_paid_{{ w }}.new_payers, 0) AS payee_new_payers_{{ w }},
    COALESCE(shared_{{ w }}.shared_payees, 0) AS shared_payees_{{ w }},
    COALESCE(shared_{{ w }}.sharing_payers, 0) AS sharing_payers_{{ w }},
    COALESCE(gather_{{ w }}.ways, 0) AS gather_ways_{{ w }},
    COALESCE(scatter_{{ w }}.ways, 0) AS scatter_ways_{{ w }},
    COALESCE(upstream_{{ w }}.accounts, 0) AS upstream_{{ w }},
    COALESCE(downstream_{{ w }}.accounts, 0) AS downstream_{{ w }}{% endfor %}

FROM today
INNER JOIN past AS pair ON pair.payer = today.payer AND pair.payee = today.payee
LEFT JOIN past AS opposite ON opposite.payer = today.payee AND opposite.payee = today.payer
{% for w in windows %}
LEFT JOIN paying_{{ w }} AS payer_paying_{{ w }} ON payer_paying_{{ w }}.account = today.payer
LEFT JOIN paid_{{ w }} AS payer_paid_{{ w }} ON payer_paid_{{ w }}.account = today.payer
LEFT JOIN paying_{{ w }} AS payee_paying_{{ w }} ON payee_paying_{{ w }}.account = today.payee
LEFT JOIN paid_{{ w }} AS payee_paid_{{ w }} ON payee_paid_{{ w }}.account = today.payee
LEFT JOIN shared_{{ w }}
    ON shared_{{ w }}.payer = today.payer AND shared_{{ w }}.payee = today.payee
LEFT JOIN gather_{{ w }}
    ON gather_{{ w }}.payer = today.payer AND gather_{{ w }}.payee = today.payee
LEFT JOIN scatter_{{ w }}
    ON scatter_{{ w }}.payer = today.payer AND scatter_{{ w }}.payee = today.payee
LEFT JOIN upstream_{{ w }} ON upstream_{{ w }}.payee = today.payee
LEFT JOIN downstream_{{ w }} ON downstream_{{ w }}.payer = today.payer
{% endfor %}
ORDER BY today.payer, today.payee
