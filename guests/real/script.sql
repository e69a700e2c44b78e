-- script.sql: tables, indices, transactions, vacuum and checks; each statement's rows are printed. sqlite.org/lang.html
PRAGMA journal_mode = DELETE;
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, score REAL, photo BLOB);
CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES person(id), name TEXT UNIQUE);
CREATE INDEX person_by_name ON person (name, age);

BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO person SELECT i, 'name-' || (i * 7919 % 5000), i % 90, i / 8.0, zeroblob(i % 100) FROM n;
INSERT INTO pet SELECT id, id * 3 % 5000 + 1, 'pet-' || id FROM person WHERE id % 2 = 0;
COMMIT;
SELECT count(*), sum(age), avg(score), total(length(photo)) FROM person;
SELECT name, age FROM person WHERE name LIKE 'name-12%' ORDER BY name, age LIMIT 5;
SELECT p.name, count(*) AS pets FROM person p JOIN pet ON pet.owner = p.id GROUP BY p.id ORDER BY pets DESC, p.name LIMIT 3;
SELECT detail IS NOT NULL FROM (SELECT 1 AS detail);

-- Taken back.
BEGIN;
DELETE FROM person WHERE id > 100;
UPDATE person SET name = upper(name);
SELECT count(*), min(name) FROM person;
ROLLBACK;
SELECT count(*), min(name) FROM person;

-- Taken back in part.
SAVEPOINT one;
UPDATE person SET age = age + 1 WHERE id <= 10;
SAVEPOINT two;
DELETE FROM person;
ROLLBACK TO two;
RELEASE one;
SELECT sum(age), count(*) FROM person WHERE id <= 10;

-- Refused.
INSERT INTO pet VALUES (2, 1, 'again');
INSERT INTO pet VALUES (99999, 1, 'pet-2');
INSERT INTO person (id) VALUES (99999);
SELECT * FROM missing;

PRAGMA foreign_key_check;
PRAGMA integrity_check;
DELETE FROM person WHERE id % 3 = 0;
PRAGMA freelist_count;
VACUUM;
PRAGMA freelist_count;
PRAGMA integrity_check;
SELECT count(*), sum(id) FROM person;

-- Write-ahead log needs shared memory between connections; one connection may go without.
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
INSERT INTO person VALUES (100000, 'wal', 1, 2.5, x'00ff');
SELECT id, name, quote(photo) FROM person WHERE id = 100000;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA journal_mode = DELETE;

ALTER TABLE pet ADD COLUMN kind TEXT DEFAULT 'cat';
CREATE VIEW cats AS SELECT name FROM pet WHERE kind = 'cat' AND id < 10;
SELECT group_concat(name, ',') FROM (SELECT name FROM cats ORDER BY name);
CREATE TRIGGER log AFTER DELETE ON pet BEGIN INSERT INTO person (name) VALUES ('owner of ' || old.name); END;
DELETE FROM pet WHERE id = 4;
SELECT name FROM person WHERE name LIKE 'owner of%';
SELECT json_extract('{"a": [1, 2, {"b": "deep"}]}', '$.a[2].b');
SELECT row_number() OVER (ORDER BY age DESC, id), id FROM person WHERE age IS NOT NULL ORDER BY 1 LIMIT 3;
SELECT strftime('%Y-%m-%d %H:%M', 1000000000, 'unixepoch'), printf('%05.1f', 3.14159), hex('abc'), round(2.5);
DROP TABLE pet;
SELECT name FROM sqlite_master WHERE type IN ('table', 'index') ORDER BY name;
PRAGMA page_count;
