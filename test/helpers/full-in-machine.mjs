// Programs of root that fill the memory of a ProgramMachine: Linux ends them, and neither hv's own processes there nor the machine.

import assert from 'node:assert/strict'

const sh = (host, script) => host.run('sh', ['-c', script])

/** Linux may kill it less readily than a process that says nothing. What the file holds outlives it. */
const FILL = `
echo -900 > /proc/self/oom_score_adj
busybox mkdir -p /tmp
busybox mount -t tmpfs -o size=100% none /tmp
exec busybox dd if=/dev/zero of=/tmp/file bs=4M
`

/** @type {Record<string, (host: import('../../dist/index.js').ProgramMachine) => Promise<void>>} */
export const fullCases = {
  "Linux may kill hv's own processes last, and programs as ever": async (host) => {
    const read = 'cat /proc/1/oom_score_adj /proc/$PPID/oom_score_adj /proc/self/oom_score_adj'
    assert.equal((await sh(host, read)).stdout, '-999\n-999\n0\n')
  },
  'also when a program has taken /proc away': async (host) => {
    assert.equal((await sh(host, 'busybox umount -l /proc')).exitCode, 0)
    const read = 'busybox mount -t proc none /proc && cat /proc/self/oom_score_adj'
    assert.equal((await sh(host, read)).stdout, '0\n')
  },
  'a program that fills memory is killed, and the machine goes on': async (host) => {
    const steady = host.spawn('cat')
    const lines = steady[Symbol.asyncIterator]()
    for (const round of ['first', 'second', 'third']) {
      const {exitCode, signal} = await sh(host, FILL)
      assert.deepEqual({exitCode, signal}, {exitCode: null, signal: 'SIGKILL'})
      steady.stdin.write(`${round}\n`)
      assert.equal((await lines.next()).value, round)
      assert.equal((await sh(host, 'busybox umount /tmp; echo here')).stdout, 'here\n')
    }
    steady.stdin.end()
    assert.equal((await steady.wait()).exitCode, 0)
  },
}
