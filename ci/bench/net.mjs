// Sockets: what they cost on each platform, on the loopback interface, through the broker, and in servers that people run; against
// native, and against gVisor's own stack.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {alternate, best, run, underHv, underRunsc, whyNot} from './measure.mjs'
import {built, program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

const PLATFORMS = ['kvm', 'ptrace']
/** gVisor's platforms. Its KVM one hangs on PVM hosts. */
const PEERS = ['systrap', 'ptrace']
const US = {unit: 'µs', ns: 1e3}
const MS = {unit: 'ms', ns: 1e6}
const OPERATIONS = {
  'tcp-round-trip': US,
  'tcp-stream-1GiB': MS,
  // What iperf3 sends at once.
  'tcp-stream-1GiB-by-128KiB': MS,
  'udp-round-trip': US,
  connection: US,
}
const OUTSIDE = {
  'outside-round-trip': US,
  'outside-stream-1GiB': MS,
  'outside-stream-1GiB-by-128KiB': MS,
}
/** To programs, this host's loopback: docs/network.md, host.internal. */
const HOST = '192.0.0.2'

/** Prints the microseconds that a request takes, by its last argument, a command that prints how many there were in a second. */
const perRequest = (start, rate) =>
  `cd $(mktemp -d); ${start}
   for try in $(seq 500); do (: < /dev/tcp/127.0.0.1/7099) 2> /dev/null && break; sleep 0.02; done
   rate=$(${rate}); kill $! 2> /dev/null; awk -v rate="$rate" 'BEGIN {print 1e9 / rate}'`
const REDIS = 'redis-server --port 7099 --bind 127.0.0.1 --save "" > log &'
const redis = (count, flags) =>
  perRequest(
    REDIS,
    `redis-benchmark -p 7099 -n $((${count} / SHARE)) ${flags} --csv | tail -1 | cut -d, -f2 | tr -d '"'`,
  )
const AB = (count, flags = '') =>
  `ab -q ${flags} -n $((${count} / SHARE)) -c 10 http://127.0.0.1:7099/file 2> /dev/null | awk '/^Requests per second/ {print $4}'`
const NGINX = `printf 'daemon off; pid pid; error_log log; events {} worker_processes 2; http {access_log off; server {listen 7099; root .;}}' > conf
   seq 1000 > file; nginx -p $PWD -c conf -e log &`
/** An answer that names no length ends the connection, for ab speaks HTTP/1.0. */
const node = (headers) =>
  `node -e 'require("http").createServer((q, r) => r.writeHead(200, ${headers}).end("hello")).listen(7099, "127.0.0.1")' &`
/** A database that is copied for each run, because a run changes it. No server runs as root. */
const DATABASE = `${built}/postgresql`
const POSTGRESQL = `PATH=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -1):$PATH
   as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
   ask() { "$1" -h 127.0.0.1 -p 7099 -U owner "\${@:2}"; }
   chown 65534 .`
const MAKE_DATABASE = `set -e; mkdir -p ${DATABASE}; cd ${DATABASE}; ${POSTGRESQL}
   as_nobody initdb -D db -U owner --auth=trust -E UTF8 --locale=C --no-sync --wal-segsize=1
   printf '%s\n' "listen_addresses = '127.0.0.1'" 'port = 7099' "unix_socket_directories = ''" 'fsync = off' \
     'shared_buffers = 16MB' 'autovacuum = off' 'dynamic_shared_memory_type = mmap' >> db/postgresql.conf
   as_nobody pg_ctl -D db -l log -w start
   ask pgbench -i -q -d postgres; as_nobody pg_ctl -D db -m fast stop; touch made`
const PGBENCH = `cd $(mktemp -d); ${POSTGRESQL}
   cp -a ${DATABASE}/db db; setpriv --reuid=65534 --regid=65534 --clear-groups -- postgres -D db 2> log &
   for try in $(seq 500); do ask pg_isready -q && break; sleep 0.02; done
   rate=$(ask pgbench -n -c 4 -j 2 -t $((100 / SHARE)) postgres 2> /dev/null | awk '/^tps/ {print $3}')
   kill -INT $!; wait $!; rm -r "$PWD"; awk -v rate="$rate" 'BEGIN {print 1e9 / rate}'`
/** [what, a script for bash that does a SHARE-th of the requests, what it needs, what makes the data] */
const SERVERS = [
  ['redis-get', redis(20_000, '-c 20 -t get'), '/usr/bin/redis-benchmark'],
  ['redis-set', redis(20_000, '-c 20 -t set'), '/usr/bin/redis-benchmark'],
  ['redis-get-pipelined', redis(200_000, '-c 20 -P 16 -t get'), '/usr/bin/redis-benchmark'],
  ['redis-set-pipelined', redis(200_000, '-c 20 -P 16 -t set'), '/usr/bin/redis-benchmark'],
  ['nginx', perRequest(NGINX, AB(4_000)), '/usr/sbin/nginx'],
  ['nginx-keep-alive', perRequest(NGINX, AB(10_000, '-k')), '/usr/sbin/nginx'],
  ['node-http', perRequest(node('{}'), AB(4_000)), '/usr/bin/ab'],
  ['node-http-keep-alive', perRequest(node('{"Content-Length": 5}'), AB(4_000, '-k')), '/usr/bin/ab'],
  ['pgbench', PGBENCH, '/usr/lib/postgresql', MAKE_DATABASE],
]

export async function net({rounds, milliseconds, isQuick = false}) {
  const runs = isQuick ? 1 : rounds
  const reasons = PEERS.map((peer) => [peer, whyNot(underRunsc(peer, ['true']))])
  const peers = reasons.filter(([, reason]) => reason === undefined).map(([peer]) => peer)
  const rows = Object.entries(OPERATIONS).flatMap(([name, scale]) => {
    const argv = [program('net'), name, `${milliseconds}`]
    const onHost = isQuick ? {} : ofRunsc(argv, peers, 'host')
    return measured(name, scale, runs, {native: argv, ...ofHv(argv), ...ofRunsc(argv, peers), ...onHost})
  })
  rows.push(...(await outside(runs, milliseconds, peers)))
  for (const server of SERVERS) rows.push(...measuredServer(server, runs, peers, isQuick ? 4 : 1))
  for (const [peer, reason] of reasons)
    if (reason !== undefined) rows.push(emptyRow(`net/runsc-${peer}`, 'absent', reason))
  return rows
}

const ofHv = (argv, flags = []) =>
  Object.fromEntries(
    PLATFORMS.map((platform) => [platform, underHv(argv, [`--platform=${platform}`, ...flags])]),
  )

/** @param network gVisor's own stack, which reaches nothing else, or the host's */
const ofRunsc = (argv, peers, network = 'none') =>
  Object.fromEntries(
    peers.map((peer) => [
      `runsc ${peer}${network === 'host' ? ', host network' : ''}`,
      underRunsc(peer, argv, network),
    ]),
  )

/** To a server on the host: a native client's by its loopback, a guest's by the broker, gVisor's by the host's network. */
async function outside(runs, milliseconds, peers) {
  const server = spawn(program('net'), ['serve'], {stdio: ['ignore', 'pipe', 'inherit']})
  try {
    const port = `${(await once(server.stdout, 'data'))[0]}`.trim()
    const to = (name, address) => [program('net'), name, `${milliseconds}`, address, port]
    return Object.entries(OUTSIDE).flatMap(([name, scale]) => {
      const native = to(name, '127.0.0.1')
      const flags = [`--allow-net=host.internal:${port}`]
      return measured(name, scale, runs, {
        native,
        ...ofHv(to(name, HOST), flags),
        ...ofRunsc(native, peers, 'host'),
      })
    })
  } finally {
    server.kill()
  }
}

function measuredServer([name, script, needs, make], runs, peers, share) {
  if (!existsSync(needs)) return [emptyRow(`net/${name}`, 'absent', `there is no ${needs} here`)]
  const argv = ['/bin/bash', '-c', `SHARE=${share}; ${script}`]
  try {
    if (make !== undefined && !existsSync(`${DATABASE}/made`)) run(['/bin/bash', '-c', make])
  } catch (error) {
    return [emptyRow(`net/${name}`, 'failed', error.message)]
  }
  const commands = {native: argv, ...ofHv(argv, ['--root=/', '--memory=2G']), ...ofRunsc(argv, peers)}
  return measured(name, US, runs, commands)
}

/** Each platform against native; the better one against gVisor's better one, by each network. */
function measured(name, {unit, ns}, runs, argvs) {
  let taken
  try {
    taken = alternate(argvs, runs)
  } catch (error) {
    return [emptyRow(`net/${name}`, 'failed', error.message)]
  }
  const figure = (command) => best(taken[command]) / ns
  const quickest = (commands) => commands.toSorted((a, b) => figure(a) - figure(b))[0]
  const rows = PLATFORMS.map((platform) =>
    row(`net/${name}-${platform}`, unit, figure(platform), 'native', figure('native')),
  )
  const ofGvisor = Object.keys(argvs).filter((command) => command.startsWith('runsc'))
  const better = quickest(PLATFORMS)
  for (const isHost of [false, true]) {
    const peer = quickest(ofGvisor.filter((command) => command.endsWith('host network') === isHost))
    if (peer !== undefined) rows.push(row(`net/${name}-${better}`, unit, figure(better), peer, figure(peer)))
  }
  return rows
}
