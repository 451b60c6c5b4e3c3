-- Who is to be looked at on a day: one row per customer, the best evidence first.
--
-- Evidence is a probability: of the day's reports the highest that one is suspicious, or that a
-- report of the next days will be, whichever is higher.
--
-- Inputs   reports: customer, place (of the report in the day's predictions, from 0), score: one
--          row per report of the day and customer of its transaction;
--          scores: customer, line, score: one row per line and customer;
--          lately: customer, confirmed (1 if the report is known to be suspicious, else 0): one row
--          per report of the last days and customer of its transaction;
--          decided: customer, score: one row or more per customer who was decided on lately, and per
--          report and customer of its transaction, as they were scored on its day (null: not known).
-- Grain    one row per customer of a report or score.
-- Output   customer; evidence; line: whose it is, "" for reports; report_score, line_score (null:
--          none); place: of his highest report (null: none); reports_today, reports_lately,
--          confirmed_lately; is_cooling: he was decided on, and the odds of his evidence
--          have not risen by the factor since, or nobody knows.
-- Filled   rise (a factor), most (rows).
WITH reported AS (
    SELECT
        customer,
        COUNT(*) AS reports_today,
        MAX(score) AS report_score,
        MIN(place) AS place
    FROM reports
    GROUP BY customer
),
highest AS (
    SELECT customer, MAX(score) AS line_score FROM scores GROUP BY customer
),
named AS (
    SELECT scores.customer, MIN(scores.line) AS line
    FROM scores
    INNER JOIN highest ON highest.customer = scores.customer AND highest.line_score = scores.score
    GROUP BY scores.customer
),
known AS (
    SELECT
        customer,
        COUNT(*) AS reports_lately,
        CAST(SUM(confirmed) AS BIGINT) AS confirmed_lately
    FROM lately
    GROUP BY customer
),
before AS (
    SELECT
        customer,
        CASE WHEN COUNT(*) = COUNT(score) THEN MAX(score) END AS decided_score
    FROM decided
    GROUP BY customer
),
listed AS (
    SELECT customer FROM reported UNION SELECT customer FROM highest
),
weighed AS (
    SELECT
        listed.customer,
        GREATEST(COALESCE(report_score, line_score), COALESCE(line_score, report_score)) AS evidence,
        CASE WHEN line_score > COALESCE(report_score, -1) THEN named.line ELSE '' END AS line,
        report_score,
        line_score,
        place,
        COALESCE(reports_today, 0) AS reports_today,
        COALESCE(reports_lately, 0) AS reports_lately,
        COALESCE(confirmed_lately, 0) AS confirmed_lately,
        before.customer IS NOT NULL AS is_decided,
        decided_score
    FROM listed
    LEFT JOIN reported ON reported.customer = listed.customer
    LEFT JOIN highest ON highest.customer = listed.customer
    LEFT JOIN named ON named.customer = listed.customer
    LEFT JOIN known ON known.customer = listed.customer
    LEFT JOIN before ON before.customer = listed.customer
)
SELECT
    customer,
    evidence,
    line,
    report_score,
    line_score,
    place,
    reports_today,
    reports_lately,
    confirmed_lately,
    is_decided
        AND NOT COALESCE(
            evidence * (1 - decided_score) > {{ rise }} * decided_score * (1 - evidence), FALSE
        ) AS is_cooling
FROM weighed
ORDER BY evidence DESC, customer
LIMIT {{ most }}
