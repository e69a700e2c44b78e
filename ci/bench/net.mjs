// Sockets: what they cost on each platform, on the loopback interface, through the broker, and in servers that people run; against
// native, and against gVisor's own stack.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {alternate, best, underHv, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

/** Each of hv's platforms and gVisor's counterpart. */
const PEERS = [
  {platform: 'kvm', peer: 'systrap'},
  {platform: 'ptrace', peer: 'ptrace'},
]
const US = {unit: 'µs', ns: 1e3}
const MS = {unit: 'ms', ns: 1e6}
const OPERATIONS = {
  'tcp-round-trip': US,
  'tcp-stream-1GiB': MS,
  'udp-round-trip': US,
  connection: US,
}
const OUTSIDE = {'outside-round-trip': US, 'outside-stream-1GiB': MS}
/** To programs, this host's loopback: docs/network.md, host.internal. */
const HOST = '192.0.0.2'

/** Prints the microseconds that a request takes, by its last argument, a command that prints how many there were in a second. */
const perRequest = (start, rate) =>
  `cd $(mktemp -d); ${start}
   for try in $(seq 500); do (: < /dev/tcp/127.0.0.1/7099) 2> /dev/null && break; sleep 0.02; done
   rate=$(${rate}); kill $! 2> /dev/null; awk -v rate="$rate" 'BEGIN {print 1e9 / rate}'`
const REDIS = 'redis-server --port 7099 --bind 127.0.0.1 --save "" > log &'
const redis = (flags) =>
  perRequest(REDIS, `redis-benchmark -p 7099 ${flags} --csv | tail -1 | cut -d, -f2 | tr -d '"'`)
const AB = (flags) =>
  `ab -q ${flags} http://127.0.0.1:7099/file 2> /dev/null | awk '/^Requests per second/ {print $4}'`
const NGINX = `printf 'daemon off; pid pid; error_log log; events {} worker_processes 2; http {access_log off; server {listen 7099; root .;}}' > conf
   seq 1000 > file; nginx -p $PWD -c conf -e log &`
const NODE = `node -e 'require("http").createServer((q, r) => r.end("hello")).listen(7099, "127.0.0.1")' &`
/** [what, a script for bash, what it needs] */
const SERVERS = [
  ['redis-get', redis('-n 20000 -c 20 -t get'), '/usr/bin/redis-benchmark'],
  ['redis-set', redis('-n 20000 -c 20 -t set'), '/usr/bin/redis-benchmark'],
  ['redis-get-pipelined', redis('-n 200000 -c 20 -P 16 -t get'), '/usr/bin/redis-benchmark'],
  ['nginx', perRequest(NGINX, AB('-n 4000 -c 10')), '/usr/sbin/nginx'],
  ['nginx-keep-alive', perRequest(NGINX, AB('-k -n 10000 -c 10')), '/usr/sbin/nginx'],
  ['node-http', perRequest(NODE, AB('-k -n 4000 -c 10')), '/usr/bin/ab'],
]

export async function net({rounds, milliseconds}) {
  const runsc = PEERS.map(({peer}) => [peer, whyNot(underRunsc(peer, ['true']))])
  const peers = PEERS.filter(({peer}) =>
    runsc.some(([name, reason]) => name === peer && reason === undefined),
  )
  const rows = Object.entries(OPERATIONS).flatMap(([name, scale]) => {
    const argv = [program('net'), name, `${milliseconds}`]
    return measured(name, scale, rounds, commands(argv, peers))
  })
  rows.push(...(await outside(rounds, milliseconds)))
  for (const [name, script, needs] of SERVERS) {
    if (!existsSync(needs)) rows.push(emptyRow(`net/${name}`, 'absent', `there is no ${needs} here`))
    else rows.push(...measured(name, US, rounds, commands(['/bin/bash', '-c', script], peers, ['--root=/'])))
  }
  for (const [peer, reason] of runsc)
    if (reason !== undefined) rows.push(emptyRow(`net/runsc-${peer}`, 'absent', reason))
  return rows
}

function commands(argv, peers, flags = []) {
  const ofHv = PEERS.map(({platform}) => [platform, underHv(argv, [`--platform=${platform}`, ...flags])])
  const ofRunsc = peers.map(({peer}) => [`runsc ${peer}`, underRunsc(peer, argv)])
  return {native: argv, ...Object.fromEntries([...ofHv, ...ofRunsc])}
}

/** To a server on the host: a native client's by its loopback, a guest's by the broker. */
async function outside(rounds, milliseconds) {
  const server = spawn(program('net'), ['serve'], {stdio: ['ignore', 'pipe', 'inherit']})
  try {
    const port = `${(await once(server.stdout, 'data'))[0]}`.trim()
    const to = (name, address) => [program('net'), name, `${milliseconds}`, address, port]
    return Object.entries(OUTSIDE).flatMap(([name, scale]) => {
      const flags = [`--allow-net=host.internal:${port}`]
      const {native: _, ...ofHv} = commands(to(name, HOST), [], flags)
      return measured(name, scale, rounds, {native: to(name, '127.0.0.1'), ...ofHv})
    })
  } finally {
    server.kill()
  }
}

function measured(name, {unit, ns}, rounds, argvs) {
  let taken
  try {
    taken = alternate(argvs, rounds)
  } catch (error) {
    return [emptyRow(`net/${name}`, 'failed', error.message)]
  }
  return PEERS.flatMap(({platform, peer}) =>
    ['native', `runsc ${peer}`]
      .filter((against) => taken[against] !== undefined)
      .map((against) =>
        row(`net/${name}-${platform}`, unit, best(taken[platform]) / ns, against, best(taken[against]) / ns),
      ),
  )
}
