// A run's standard input from a stream, and a spawned program's output in lines.

import {once} from 'node:events'
import {createReadStream} from 'node:fs'
import {PassThrough, Readable} from 'node:stream'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type AbortError, Sandbox} from '../../dist/index.js'
import {BUSYBOX, onceItHasWritten, places, SPIN, sh} from './guests.ts'

const MIB = 1 << 20
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation})
  })
  afterAll(() => sandbox.dispose())

  test('run reads a Readable, a ReadableStream and an async generator', async () => {
    const pieces = async function* () {
      for (const piece of ['grü', Buffer.from('ße'), '', '\n']) yield piece
    }
    for (const stdin of [Readable.from(pieces()), new Blob(['grüße\n']).stream(), pieces()])
      expect((await sandbox.run(BUSYBOX, ['cat'], {stdin})).stdout).toBe('grüße\n')
  })

  test('ten megabytes go through, and no more waits than a window', async () => {
    let given = 0
    const source = async function* () {
      for (; given < 10 * MIB; given += MIB / 4) yield new Uint8Array(MIB / 4)
    }
    const run = sandbox.run(...sh('until [ -e /tmp/go ]; do sleep 0.01; done; wc -c'), {stdin: source()})
    await sleep(200)
    expect(given).toBeLessThanOrEqual(2 * MIB)
    await sandbox.files.write('/tmp/go', '')
    expect((await run).stdout.trim()).toBe(`${10 * MIB}`)
  })

  test('a source that fails ends the run, which rejects with what it threw', async () => {
    const mine = new Error('not this time')
    const source = async function* () {
      yield 'some'
      await sleep(50)
      throw mine
    }
    await expect(sandbox.run(BUSYBOX, SPIN, {stdin: source()})).rejects.toBe(mine)
    const numbers = Readable.from([1]) as Readable
    await expect(sandbox.run(BUSYBOX, ['cat'], {stdin: numbers})).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'stdin gives strings and Uint8Arrays, not number',
    })
    expect((await sandbox.run(BUSYBOX, ['echo', 'on'])).stdout).toBe('on\n')
  })

  test('one that fails at once is no unhandled error, and ends its program', async () => {
    const run = sandbox.run(BUSYBOX, ['cat'], {stdin: createReadStream('/none')})
    await expect(run).rejects.toMatchObject({code: 'ENOENT'})
    expect((await sandbox.run(BUSYBOX, ['echo', 'on'])).stdout).toBe('on\n')
  })

  test('what a program leaves of its input is closed, also when nothing comes', async () => {
    let closed = false
    const endless = async function* () {
      try {
        for (;;) yield 'more\n'
      } finally {
        closed = true
      }
    }
    expect((await sandbox.run(BUSYBOX, ['head', '-n', '1'], {stdin: endless()})).stdout).toBe('more\n')
    expect(closed).toBe(true)
    const silent = new PassThrough()
    expect(await sandbox.run(BUSYBOX, ['true'], {stdin: silent})).toMatchObject({exitCode: 0})
    if (!silent.closed) await once(silent, 'close')
  })

  test('an abort and a time-out end it as any run', async () => {
    const stdin = () => new PassThrough()
    const aborted = await onceItHasWritten((timeMs) =>
      sandbox
        .run(...sh('echo out; cat'), {stdin: stdin(), signal: AbortSignal.timeout(timeMs)})
        .catch((error: AbortError) => error),
    )
    expect(aborted).toMatchObject({code: 'ABORT_ERR', stdout: 'out\n', cause: {name: 'TimeoutError'}})
    const late = await onceItHasWritten((timeoutMs) =>
      sandbox.run(...sh('echo out; cat'), {stdin: stdin(), timeoutMs}),
    )
    expect(late).toMatchObject({timedOut: true, stdout: 'out\n'})
  })

  test('output comes line by line, of either stream', async () => {
    const child = sandbox.spawn(...sh('printf "one\\r\\n\\ntwo grüße\\nlast"; printf "err\\n" >&2'))
    const [out, err] = [child, child.lines({from: 'stderr'})].map(async (lines) => {
      const got: string[] = []
      for await (const line of lines) got.push(line)
      return got
    })
    expect(await out).toEqual(['one', '', 'two grüße', 'last'])
    expect(await err).toEqual(['err'])
  })

  test('a loop over lines that is left closes the output, and one of a program that fails says why', async () => {
    const child = sandbox.spawn(BUSYBOX, ['yes'])
    for await (const line of child) {
      expect(line).toBe('y')
      break
    }
    expect(await child.wait()).toMatchObject({signal: 'SIGPIPE'})
    await expect(sandbox.spawn('/none').lines().next()).rejects.toMatchObject({code: 'NOT_FOUND'})
  })

  test('a line without an end is bounded', async () => {
    const endless = sandbox.spawn(...sh('head -c 100000000 /dev/zero'))
    await expect(endless.lines().next()).rejects.toMatchObject({
      code: 'LINE_TOO_LONG',
      message: 'a line is longer than 1048576 bytes',
    })
    await endless.wait()
    const short = sandbox.spawn(BUSYBOX, ['echo', '12345'])
    const lines = short.lines({maxLineBytes: 4})
    await expect(lines.next()).rejects.toMatchObject({code: 'LINE_TOO_LONG'})
    expect(() => short.lines({maxLineBytes: 0})).toThrow('maxLineBytes takes a whole number')
  })
})
