-- The files beside this one, as Hive's own writers make them: those of Hive 2.3.10, for ORC and Parquet, run by
-- Spark 4.2.0 with spark-hive_2.13 on its class path, and with these settings:
--
--   -Duser.timezone=America/New_York
--   spark.sql.catalogImplementation=hive
--   spark.sql.hive.convertMetastoreOrc=false       (else Spark's writers would be used)
--   spark.sql.hive.convertMetastoreParquet=false
--   hive.exec.dynamic.partition.mode=nonstrict
--
-- Run once for orc, once for parquet. Files were renamed from part-0000N-… to 00000N_0, which is what Hive calls them.

CREATE TABLE t (
  trx_id STRING, amount DECIMAL(18, 2), at TIMESTAMP, born DATE, note VARCHAR(5), code CHAR(5), raw BINARY, n INT
) PARTITIONED BY (dt STRING, country STRING) STORED AS orc;

INSERT INTO t PARTITION (dt = '2024-01-06', country) VALUES
  ('a', 1.25, TIMESTAMP '2024-01-06 12:00:00.123456', DATE '2024-01-06', 'ab', 'ab', X'616263', 1, 'NO'),
  ('b', NULL, TIMESTAMP '2024-07-06 12:00:00', DATE '1582-10-04', NULL, NULL, NULL, NULL, NULL),
  ('c', -3, TIMESTAMP '9999-12-31 23:59:59.999999', DATE '0001-01-01', '', '', X'', -5, 'a/b'),
  ('d', -3, TIMESTAMP '1969-12-31 23:59:58.5', DATE '9999-12-31', '', '', X'', -5, 'a/b'),
  ('e', -3, TIMESTAMP '0001-01-01 00:00:00', DATE '9999-12-31', '', '', X'', -5, 'a/b'),
  ('f', -3, TIMESTAMP '1880-06-01 00:00:00', DATE '9999-12-31', '', '', X'', -5, 'a/b');
