// Programs of root that fill the memory of a ProgramMachine: Linux ends them, and neither hv's own processes there nor the machine.

import assert from 'node:assert/strict'

const sh = (host, script) => host.run('sh', ['-c', script])

/** What the file holds outlives the program. @param score how readily Linux may kill the program; less readily than it may others, if it is below 0 */
const filling = (score) => `
busybox mount -t tmpfs -o size=100% none /tmp
echo ${score} > /proc/self/oom_score_adj
exec busybox dd if=/dev/zero of=/tmp/file bs=4M
`

/** Empties the file for each line. It needs no other process for that, and is killed after those that fill. */
const EMPTY = `
busybox mkdir -p /tmp
echo -950 > /proc/self/oom_score_adj
echo ready
while read line; do
  : > /tmp/file
  busybox umount /tmp
  echo $line
done
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
    const emptying = host.spawn('sh', ['-c', EMPTY])
    const lines = emptying[Symbol.asyncIterator]()
    assert.equal((await lines.next()).value, 'ready')
    for (const score of [0, 500, -900]) {
      const {exitCode, signal} = await sh(host, filling(score))
      assert.deepEqual({score, exitCode, signal}, {score, exitCode: null, signal: 'SIGKILL'})
      // Memory is still full. A program that began now would be killed, too, or the kernel would panic: "System is deadlocked on memory".
      emptying.stdin.write(`${score}\n`)
      assert.equal((await lines.next()).value, `${score}`)
      assert.equal((await sh(host, 'echo here')).stdout, 'here\n')
    }
    emptying.stdin.end()
    assert.equal((await emptying.wait()).exitCode, 0)
  },
}
