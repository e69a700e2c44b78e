// Servers and their clients, over the loopback of one sandbox and over UNIX sockets.

import {bash, type Program, script} from '../program.ts'

const GIT_ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'C',
  GIT_COMMITTER_EMAIL: 'c@example.com',
}

/** A script with the functions of scripts/servers.bash, which stops what it has started. */
const serving = (
  name: string,
  file: string,
  needs: readonly string[],
  more: Partial<Program> = {},
): Program =>
  bash(name, `. ./servers.bash\n${script(`${file}.bash`)}`, {
    timeoutS: 300,
    needs,
    ...more,
    files: {'servers.bash': script('servers.bash'), ...more.files},
  })

const python = (name: string, file: string, more: Partial<Program> = {}): Program => ({
  name,
  command: ['/usr/bin/python3', '-B', 'script.py'],
  files: {'script.py': script(`${file}.py`)},
  timeoutS: 300,
  ...more,
})

const CURL = '/usr/bin/curl'
const OPENSSL = '/usr/bin/openssl'
const PYTHON = '/usr/bin/python3'

export const servers: readonly Program[] = [
  {
    name: 'serves HTTP, HTTPS, streams and datagrams',
    command: ['/usr/bin/env', 'node', 'script.cjs'],
    files: {'script.cjs': script('node-http.cjs')},
    needs: ['/usr/bin/node', OPENSSL],
    timeoutS: 300,
  },
  {
    name: 'serves an Express app to undici',
    command: ['/usr/bin/node', 'script.cjs'],
    files: {'script.cjs': script('express.cjs')},
    needs: ['/usr/share/nodejs/express', '/usr/share/nodejs/undici'],
    env: {NODE_PATH: '/usr/share/nodejs'},
    timeoutS: 300,
  },
  serving(
    'serves files with http.server to curl, wget and urllib',
    'python-http',
    [PYTHON, CURL, '/usr/bin/wget'],
    {core: true},
  ),
  python('serves with asyncio, TLS and datagrams', 'asyncio-net', {needs: [OPENSSL], core: true}),
  serving('runs redis, a replica and redis-benchmark', 'redis', ['/usr/bin/redis-server']),
  serving('runs nginx with two workers', 'nginx', ['/usr/sbin/nginx', '/usr/bin/ab', CURL, OPENSSL]),
  serving('runs apache2 with its event MPM', 'apache', [
    '/usr/lib/apache2/modules/mod_mpm_event.so',
    '/usr/bin/ab',
    CURL,
  ]),
  serving('runs memcached', 'memcached', ['/usr/bin/memcached', PYTHON]),
  serving('runs s_server and s_client of openssl', 'openssl', [OPENSSL, CURL]),
  serving('clones from git daemon', 'git-daemon', ['/usr/bin/git', '/usr/lib/git-core/git-daemon'], {
    core: true,
    env: GIT_ENV,
  }),
  serving('copies to a daemon of rsync', 'rsync-daemon', ['/usr/bin/rsync']),
  serving('logs in to sshd', 'ssh', ['/usr/sbin/sshd', '/usr/bin/ssh', PYTHON, CURL]),
  serving('runs haproxy before two backends', 'haproxy', ['/usr/sbin/haproxy', PYTHON, CURL]),
  serving('runs caddy', 'caddy', ['/usr/bin/caddy', CURL]),
  serving('runs PostgreSQL', 'postgresql', ['/usr/lib/postgresql'], {flags: ['--memory=2G']}),
  serving('runs MariaDB', 'mariadb', ['/usr/sbin/mariadbd', '/usr/bin/mariadb'], {flags: ['--memory=2G']}),
  python('serves with aiohttp', 'aiohttp-server', {needs: ['/usr/lib/python3/dist-packages/aiohttp']}),
  python('asks with requests', 'requests-client', {needs: ['/usr/lib/python3/dist-packages/requests']}),
  bash('serves with goroutines', 'export GOCACHE=$PWD/c GO111MODULE=off; go run server.go', {
    needs: ['/usr/bin/go'],
    files: {'server.go': script('server.go')},
    timeoutS: 900,
  }),
  bash('serves with threads of Rust', '/usr/bin/rustc -O server.rs && ./server', {
    needs: ['/usr/bin/rustc'],
    files: {'server.rs': script('server.rs')},
    timeoutS: 600,
  }),
  serving('shows its sockets with ip and ss', 'iproute', ['/usr/sbin/ip', '/usr/bin/ss', PYTHON], {
    core: true,
  }),
  serving('asks a name server with dig', 'dig', ['/usr/bin/dig', PYTHON]),
  bash('serves with HttpServer and channels of Java', 'java Server.java', {
    needs: ['/usr/bin/java'],
    files: {'Server.java': script('Server.java')},
    flags: ['--memory=2G'],
    timeoutS: 400,
  }),
]
