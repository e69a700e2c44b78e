// A hostile program in a ProgramMachine: connects to hv's own ports, sends what makes no sense, and reads nothing; others go on beside it.

import assert from 'node:assert/strict'

/** Of Debian's Python, which nothing else of the tree is needed for. */
const HOSTILE = `
import os, random, socket, struct, time
ports = range(0x6876, 0x687c)
kept = []
end = time.time() + 15
opened = 0
while time.time() < end:
    s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    s.settimeout(1)
    try:
        s.connect((2, random.choice(ports)))
        opened += 1
        s.setblocking(False)
        kind = random.randrange(4)
        if kind == 0: s.send(os.urandom(random.randrange(1, 70000)))
        if kind == 1: s.send(struct.pack('<QQQQ', *[2**64 - 1] * 4))
        if kind == 2: s.send(b'short')
    except OSError:
        pass
    kept.append(s)
    if len(kept) > 300: kept.pop(random.randrange(len(kept)))
print('opened', opened)
`
const SCRIPT = `
for loader in /debian/lib64/ld-linux-x86-64.so.2 /debian/lib/ld-linux-aarch64.so.1 /debian/usr/lib/ld-linux-aarch64.so.1; do
  test -e $loader && break
done
libraries=/debian/usr/lib/x86_64-linux-gnu:/debian/usr/lib/aarch64-linux-gnu
PYTHONHOME=/debian/usr exec $loader --library-path $libraries /debian/usr/bin/python3.13 -c "$0"
`
const MOST_GROWTH = 150 << 20

/** @type {Record<string, (host: import('../../dist/index.js').ProgramMachine) => Promise<void>>} */
export const hostileCases = {
  'a program of a user may not ask Linux to kill it last': async (machine) => {
    const script = 'cat /proc/self/oom_score_adj; echo -1 > /proc/self/oom_score_adj'
    const {stdout, stderr} = await machine.run('sh', ['-c', script])
    assert.equal(stdout, '0\n')
    assert.match(stderr, /Permission denied/)
  },
  'a hostile program disturbs neither others nor hv': async (machine) => {
    const before = process.memoryUsage().rss
    const hostile = machine.run('sh', ['-c', SCRIPT, HOSTILE])
    let isOver = false
    const over = () => {
      isOver = true
    }
    hostile.then(over, over)
    const steady = machine.spawn('cat')
    let rounds = 0
    for (; !isOver; rounds++) {
      steady.stdin.write(`${rounds}\n`)
      for await (const chunk of steady.stdout.iterator({destroyOnReturn: false})) {
        assert.equal(String(chunk), `${rounds}\n`)
        break
      }
      assert.equal((await machine.run('sh', ['-c', 'echo here'])).stdout, 'here\n')
    }
    steady.stdin.end()
    assert.equal((await steady.wait()).exitCode, 0)
    const {exitCode, stdout, stderr} = await hostile
    assert.equal(exitCode, 0, stderr)
    assert.ok(Number(/opened (\d+)/.exec(stdout)[1]) > 100, stdout)
    assert.ok(rounds > 3, `${rounds} rounds`)
    assert.ok(process.memoryUsage().rss - before < MOST_GROWTH, 'hv grows')
  },
}
