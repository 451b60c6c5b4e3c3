-- The ways of two steps in the graph of new relations, as they concern some pairs of accounts.
--
-- A way leads from a pair's source by one first step to a go-between, and by one second step to an
-- end. Whoever asks decides which direction of a payment a step goes along (core.relations.ways).
--
-- Inputs   pairs: source, target (64-bit codes);
--          first_steps, second_steps: source, target; for each window of w days new_w: whether it
--          belongs to the window's graph.
-- Grain    one row per pair.
-- Output   source, target; for each window:
--          most_w: ways from the source to one end of a second step from the target, the most of
--          any; several_w: to how many such ends there are two or more ways;
--          ends_w: ends of all ways from the source.
-- Filled   windows (days); is_back (whether a way may end at its source).
WITH
{% for w in windows %}
ways_{{ w }} AS (
    SELECT first_steps.source, second_steps.target AS way_end, COUNT(*) AS ways
    FROM first_steps
    INNER JOIN second_steps ON second_steps.source = first_steps.target
    WHERE first_steps.new_{{ w }}
        AND second_steps.new_{{ w }}
{% if not is_back %}
        AND second_steps.target <> first_steps.source
{% endif %}
    GROUP BY first_steps.source, second_steps.target
),
met_{{ w }} AS (
    SELECT
        pairs.source,
        pairs.target,
        MAX(ways.ways) AS most,
        CAST(SUM(CASE WHEN ways.ways >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS several
    FROM pairs
    INNER JOIN second_steps ON second_steps.source = pairs.target
    LEFT JOIN ways_{{ w }} AS ways
        ON ways.source = pairs.source AND ways.way_end = second_steps.target
    WHERE second_steps.new_{{ w }}
    GROUP BY pairs.source, pairs.target
),
ends_{{ w }} AS (
    SELECT source, COUNT(*) AS ends FROM ways_{{ w }} GROUP BY source
){{ "" if loop.last else "," }}
{% endfor %}
SELECT
    pairs.source,
    pairs.target{% for w in windows %},
    COALESCE(met_{{ w }}.most, 0) AS most_{{ w }},
    COALESCE(met_{{ w }}.several, 0) AS several_{{ w }},
    COALESCE(ends_{{ w }}.ends, 0) AS ends_{{ w }}{% endfor %}

FROM pairs
{% for w in windows %}
LEFT JOIN met_{{ w }} ON met_{{ w }}.source = pairs.source AND met_{{ w }}.target = pairs.target
LEFT JOIN ends_{{ w }} ON ends_{{ w }}.source = pairs.source
{% endfor %}
ORDER BY pairs.source, pairs.target
