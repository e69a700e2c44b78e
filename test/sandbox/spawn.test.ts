// Sandbox.spawn: a program's streams while it runs, in both directions, and what stops them.

import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {pipeline} from 'node:stream/promises'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, onceItHasWritten, places, SPIN, sh} from './guests.ts'

const MIB = 1 << 20
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation})
  })
  afterAll(() => sandbox.dispose())

  test('gives output, both kinds, and how it ended', async () => {
    const child = sandbox.spawn(...sh('echo out; echo err >&2; exit 7'))
    expect(child.exitCode).toBeNull()
    expect(await Promise.all([text(child.stdout), text(child.stderr)])).toEqual(['out\n', 'err\n'])
    expect(await child.wait()).toMatchObject({exitCode: 7, signal: null, timedOut: false})
    expect([child.exitCode, child.signal]).toEqual([7, null])
    expect(child.pid).toBeGreaterThan(1)
  })

  test('talks with a program, line by line', async () => {
    const child = sandbox.spawn(...sh('while read line; do echo "got $line"; done'))
    child.stdin.write('one\n')
    const lines: string[] = []
    for await (const chunk of child.stdout) {
      lines.push(`${chunk}`)
      if (lines.length < 20) child.stdin.write(`${lines.length}\n`)
      else child.stdin.end()
    }
    expect(lines).toEqual(['got one\n', ...Array.from({length: 19}, (_, index) => `got ${index + 1}\n`)])
  })

  test('passes ten megabytes through, unchanged', async () => {
    const bytes = new Uint8Array(10 * MIB + 12_345)
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24
    const child = sandbox.spawn(BUSYBOX, ['cat'])
    const hash = createHash('sha256')
    await Promise.all([pipeline(Readable.from([bytes]), child.stdin), pipeline(child.stdout, hash)])
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect((await child.wait()).exitCode).toBe(0)
  })

  test('a program waits whose output nobody reads, and ends when it is read', async () => {
    const child = sandbox.spawn(BUSYBOX, ['head', '-c', `${8 * MIB}`, '/dev/zero'])
    await sleep(500)
    expect(child.exitCode).toBeNull()
    expect(child.stdout.readableLength).toBeLessThanOrEqual(2 * MIB)
    let length = 0
    for await (const chunk of child.stdout) length += chunk.length
    expect(length).toBe(8 * MIB)
    expect((await child.wait()).exitCode).toBe(0)
  })

  test('one after another, each waits for whoever reads', async () => {
    for (let round = 0; round < 5; round++) {
      const child = sandbox.spawn(BUSYBOX, ['head', '-c', `${4 * MIB}`, '/dev/zero'])
      await sleep(20)
      let length = 0
      for await (const chunk of child.stdout) length += chunk.length
      expect(length).toBe(4 * MIB)
    }
  })

  test('who writes waits for a program that does not read', async () => {
    const child = sandbox.spawn(...sh('until [ -e /tmp/go ]; do sleep 0.01; done; wc -c'))
    const piece = new Uint8Array(MIB / 2)
    const accepted = [1, 2, 3, 4, 5, 6].map(() => child.stdin.write(piece))
    expect(accepted.at(-1)).toBe(false)
    await sleep(200)
    expect(child.stdin.writableLength).toBeGreaterThan(0)
    await sandbox.files.write('/tmp/go', '')
    child.stdin.end()
    expect((await text(child.stdout)).trim()).toBe(`${3 * MIB}`)
  })

  test('what is written to a program that has closed its input, or has ended, goes nowhere', async () => {
    const child = sandbox.spawn(...sh('exec <&-; sleep 0.2; echo bye'))
    await pipeline(Readable.from([new Uint8Array(5 * MIB)]), child.stdin)
    expect(await text(child.stdout)).toBe('bye\n')
    const ended = sandbox.spawn(BUSYBOX, ['true'])
    await ended.wait()
    ended.stdin.end('late')
    await once(ended.stdin, 'finish')
  })

  test('a program whose output is closed gets SIGPIPE', async () => {
    const child = sandbox.spawn(BUSYBOX, ['yes'])
    for await (const _ of child.stdout) break
    expect(await child.wait()).toMatchObject({exitCode: null, signal: 'SIGPIPE'})
  })

  test('one whose output is closed before it begins does not stand still', async () => {
    const child = sandbox.spawn(BUSYBOX, ['head', '-c', `${8 * MIB}`, '/dev/zero'])
    child.stdout.destroy()
    expect((await child.wait()).exitCode ?? 1).not.toBe(0)
  })

  test('kill sends a signal, also to one that is not there yet', async () => {
    const first = sandbox.spawn(
      ...sh('trap "echo trapped; exit 3" USR1; echo ready; while :; do sleep 0.01; done'),
    )
    const second = sandbox.spawn(BUSYBOX, SPIN)
    second.kill('SIGKILL')
    await once(first.stdout, 'data')
    first.kill('USR1')
    expect(await first.wait()).toMatchObject({exitCode: 3})
    expect(await second.wait()).toMatchObject({signal: 'SIGKILL'})
    const third = sandbox.spawn(BUSYBOX, SPIN)
    setTimeout(() => third.kill(), 100)
    expect(await third.wait()).toMatchObject({signal: 'SIGTERM'})
    third.kill()
    expect(() => third.kill('SIGNOTHING')).toThrow('there is no signal SIGNOTHING')
    expect(() => third.kill(65)).toThrow('65')
  })

  test('a time-out and an abort stop it; its output so far is there', async () => {
    const script = sh('echo out; while :; do :; done')
    const late = await onceItHasWritten(async (timeoutMs) => {
      const child = sandbox.spawn(...script, {timeoutMs})
      return {child, stdout: await text(child.stdout)}
    })
    expect(late.stdout).toBe('out\n')
    expect(await late.child.wait()).toMatchObject({timedOut: true, exitCode: null, signal: null})
    const controller = new AbortController()
    const aborted = sandbox.spawn(...script, {signal: controller.signal})
    const [[out]] = [await once(aborted.stdout, 'data')]
    controller.abort(new DOMException('late', 'TimeoutError'))
    expect(`${out}`).toBe('out\n')
    await expect(aborted.wait()).rejects.toMatchObject({code: 'ABORT_ERR', cause: {name: 'TimeoutError'}})
    expect(aborted.exitCode).toBeNull()
  })

  test('one that cannot be started says why when it is waited for', async () => {
    const child = sandbox.spawn('/no/such/program')
    expect(await text(child.stdout)).toBe('')
    await expect(child.wait()).rejects.toMatchObject({code: 'NOT_FOUND'})
    expect(() => sandbox.spawn(BUSYBOX, [], {stdin: 'x'} as object)).toThrow('stdin')
  })

  test('the end of its sandbox is the end of its streams', async () => {
    const other = await Sandbox.create({platform, isolation})
    const child = other.spawn(...sh('echo out; sleep 100'))
    await once(child.stdout, 'data')
    const end = expect(child.wait()).rejects.toMatchObject({code: 'DISPOSED'})
    await other.dispose()
    await end
    expect(await text(child.stdout)).toBe('')
    expect(await text(child.stderr)).toBe('')
    child.stdin.end('x')
    await once(child.stdin, 'finish')
  })
})
