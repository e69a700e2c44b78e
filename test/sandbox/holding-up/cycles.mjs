// cycles.mjs PLATFORM COUNT: makes, uses and disposes of sandboxes, one after another; prints what this process held before and after.

import {readdirSync, readFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {Sandbox} from '../../../dist/index.js'

const WARM_UP = 5
const [platform, count] = process.argv.slice(2)

async function cycle() {
  const sandbox = await Sandbox.create({platform, memoryBytes: 1 << 26})
  sandbox.on('limit', () => {})
  const child = sandbox.spawn('/bin/busybox', ['cat'])
  child.stdin.end('a line\n')
  for await (const line of child) if (line !== 'a line') throw new Error(line)
  await sandbox.run('/bin/busybox', ['true'], {signal: new AbortController().signal, timeoutMs: 60_000})
  await sandbox.files.write('/tmp/file', 'text')
  await sandbox.dispose()
}

/** All but memory has to be the same. */
async function held() {
  // What has ended is collected a moment later.
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (let i = 0; i < 3; i++) globalThis.gc()
  const threads = readdirSync('/proc/self/task')
  const childrenOf = (id) => readFileSync(`/proc/self/task/${id}/children`, 'latin1').match(/\d+/g) ?? []
  const {heapUsed, external, rss} = process.memoryUsage()
  return {
    things: {
      descriptors: readdirSync('/proc/self/fd').length,
      threads: threads.length,
      // Zombies are children, too.
      children: threads.flatMap(childrenOf).length,
      temporary: readdirSync(tmpdir()).filter((name) => name.startsWith('hv-')).length,
      listeners: process.eventNames().flatMap((name) => process.listeners(name)).length,
    },
    heapMb: (heapUsed + external) / 2 ** 20,
    rssMb: rss / 2 ** 20,
  }
}

for (let i = 0; i < WARM_UP; i++) await cycle()
const before = await held()
for (let i = 0; i < Number(count); i++) await cycle()
console.log(JSON.stringify({before, after: await held()}))
