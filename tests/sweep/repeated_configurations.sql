-- A results database, for the tests of `rheo pareto` and of rheo_analysis alike: where a configuration has two results
-- the first of them counts. Two seeds a setting. adc.bits 4: 0.5 and 0.7, as the second "a" repeats the first;
-- adc.bits 8: 0.4 and 0.6, two configurations although their seeds are equal; adc.bits 9 has one result of its own, as
-- "b" stands above in another spelling, and so is not whole.
CREATE TABLE sweep(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE axis(position INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE objective(position INTEGER PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL);
CREATE TABLE point(id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, seed INTEGER NOT NULL, settings TEXT NOT NULL,
  config_hash TEXT, status TEXT NOT NULL, wall_s REAL, error TEXT, config TEXT, report TEXT, objectives TEXT,
  feasible INTEGER NOT NULL);
INSERT INTO sweep VALUES('schema', '1'), ('version', '0.1.0'), ('name', 'twice'), ('sweep', ''), ('repeats', '2');
INSERT INTO axis VALUES(0, 'adc.bits', 'list');
INSERT INTO objective VALUES(0, 'accuracy.final', 'max'), (1, 'energy.total_j', 'min');
INSERT INTO point VALUES
  (1, 0, 1, '{"adc.bits":4}', 'a', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":0.5,"energy.total_j":2}', 1),
  (2, 0, 1, '{"adc.bits":4}', 'a', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":0.9,"energy.total_j":9}', 1),
  (3, 0, 2, '{"adc.bits":4}', 'b', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":0.7,"energy.total_j":4}', 1),
  (4, 1, 1, '{"adc.bits":8}', 'c', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":0.4,"energy.total_j":1}', 1),
  (5, 1, 1, '{"adc.bits":8}', 'd', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":0.6,"energy.total_j":1}', 1),
  (6, 2, 1, '{"adc.bits":9}', 'e', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":1,"energy.total_j":0}', 1),
  (7, 2, 2, '{"adc.bits":9}', 'b', 'done', 1.5, NULL, NULL, NULL, '{"accuracy.final":1,"energy.total_j":0}', 1);
