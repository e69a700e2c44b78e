// Tools: coreutils, findutils, grep, sed, awk, archives, git, databases, dpkg, editors without a terminal.

import {bash, type Program, script} from '../program.ts'

const GIT_ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_AUTHOR_DATE: '2001-02-03T04:05:06Z',
  GIT_COMMITTER_NAME: 'C',
  GIT_COMMITTER_EMAIL: 'c@example.com',
  GIT_COMMITTER_DATE: '2001-02-03T04:05:06Z',
}

const SQLITE = `
PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) INSERT INTO t SELECT x, 'row ' || x FROM c;
SELECT count(*), sum(n) FROM t; CREATE INDEX i ON t (s); SELECT n FROM t WHERE s = 'row 77'; PRAGMA integrity_check;
`

export const tools: readonly Program[] = [
  bash('runs coreutils', script('coreutils.bash'), {core: true}),
  bash('runs findutils, grep and sed', script('find.bash'), {core: true}),
  {
    name: 'runs commands',
    command: ['/usr/bin/gawk', '-f', 'program'],
    stdin: 'a 1\nb 2\na 3\n',
    files: {program: script('program.awk')},
  },
  {
    name: 'runs commands',
    command: ['/usr/bin/mawk', '-f', 'program'],
    stdin: 'a 1\nb 2\na 3\n',
    files: {program: script('program.awk')},
  },
  bash('packs and unpacks archives', script('archives.bash'), {core: true, needs: ['/usr/bin/xz']}),
  bash(
    'compresses with two threads of zstd',
    'seq 200000 > f; zstd -qT2 f; zstd -dc f.zst | sha256sum; zstd -t f.zst 2>&1 | wc -l',
    {needs: ['/usr/bin/zstd']},
  ),
  bash('works with git', script('git.bash'), {
    core: true,
    env: GIT_ENV,
    needs: ['/usr/bin/git'],
    timeoutS: 400,
  }),
  {name: 'keeps a database with WAL', command: ['/usr/bin/sqlite3', 'db'], stdin: SQLITE},
  bash('lets two processes write one database', script('two-writers.bash'), {
    needs: ['/usr/bin/sqlite3'],
    timeoutS: 400,
  }),
  {name: 'lists packages', command: ['/usr/bin/dpkg', '-l', 'bash', 'coreutils']},
  bash('builds and unpacks a package', script('package.bash'), {needs: ['/usr/bin/dpkg-deb']}),
  bash(
    'runs jobs with parallel',
    'seq 20 | parallel -k -j4 echo job {}; parallel --will-cite -k echo ::: a b',
    {needs: ['/usr/bin/parallel']},
  ),
  bash(
    'edits with vim and pages with less',
    "printf 'a\\nb\\n' > f; vim -es -u NONE -c '%s/a/x/' -c wq f; cat f; less f | tr b c; ex -s f <<< $'2d\\nx'; cat f",
    {needs: ['/usr/bin/vim', '/usr/bin/less']},
  ),
]
