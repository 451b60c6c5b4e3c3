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
WITH ways AS (
    SELECT
        first_steps.source,
        second_steps.target AS way_end{% for w in windows %},
        COUNT(CASE WHEN first_steps.new_{{ w }} AND second_steps.new_{{ w }} THEN 1 END) AS ways_{{ w }}{% endfor %}

    FROM first_steps
    INNER JOIN second_steps ON second_steps.source = first_steps.target
    WHERE (
        {% for w in windows %}
        {{ "" if loop.first else "OR " }}first_steps.new_{{ w }} AND second_steps.new_{{ w }}
        {% endfor %}
    ){% if not is_back %}

    AND second_steps.target <> first_steps.source{% endif %}

    GROUP BY first_steps.source, second_steps.target
),
met AS (
    SELECT
        pairs.source,
        pairs.target{% for w in windows %},
        MAX(CASE WHEN second_steps.new_{{ w }} THEN ways.ways_{{ w }} END) AS most_{{ w }},
        COUNT(CASE WHEN second_steps.new_{{ w }} AND ways.ways_{{ w }} >= 2 THEN 1 END) AS several_{{ w }}{% endfor %}

    FROM pairs
    INNER JOIN second_steps ON second_steps.source = pairs.target
    LEFT JOIN ways ON ways.source = pairs.source AND ways.way_end = second_steps.target
    GROUP BY pairs.source, pairs.target
),
ends AS (
    SELECT
        source{% for w in windows %},
        COUNT(CASE WHEN ways_{{ w }} > 0 THEN 1 END) AS ends_{{ w }}{% endfor %}

    FROM ways
    GROUP BY source
)
SELECT
    pairs.source,
    pairs.target{% for w in windows %},
    COALESCE(met.most_{{ w }}, 0) AS most_{{ w }},
    COALESCE(met.several_{{ w }}, 0) AS several_{{ w }},
    COALESCE(ends.ends_{{ w }}, 0) AS ends_{{ w }}{% endfor %}

FROM pairs
LEFT JOIN met ON met.source = pairs.source AND met.target = pairs.target
LEFT JOIN ends ON ends.source = pairs.source
ORDER BY pairs.source, pairs.target
