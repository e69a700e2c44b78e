// Streams of Sandbox.files: large files in pieces, waiting on both sides, and closed whatever happens.

import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {pipeline} from 'node:stream/promises'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, places} from './guests.ts'

const MIB = 1 << 20
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const failure = (errno: string) => ({code: 'FILE_FAILED', errno})

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({platform, isolation, memoryBytes: 256 * MIB})
  })
  afterAll(() => sandbox.dispose())

  test('fifty megabytes go in and come out unchanged, and little is held on the way', async () => {
    const piece = randomBytes(MIB)
    const [before, sent, received] = [process.memoryUsage().arrayBuffers, hash(), hash()]
    let most = 0
    async function* pieces() {
      for (let i = 0; i < 50; i++) {
        sent.update(piece)
        most = Math.max(most, process.memoryUsage().arrayBuffers)
        yield piece
      }
    }
    await pipeline(pieces, sandbox.files.writeStream('/tmp/in'))
    expect((await sandbox.run(BUSYBOX, ['cp', '/tmp/in', '/tmp/out'])).exitCode).toBe(0)
    await pipeline(sandbox.files.readStream('/tmp/out'), received)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
    if (isolation === 'process') expect(most - before).toBeLessThan(40 * MIB)
  })

  test('what nobody reads is not read, and who writes waits', async () => {
    await sandbox.files.write('/tmp/ten', new Uint8Array(10 * MIB))
    const reads = sandbox.files.readStream('/tmp/ten')
    await once(reads, 'readable')
    await sleep(100)
    expect(reads.readableLength).toBeLessThanOrEqual(2 * MIB)
    expect((await buffer(reads)).length).toBe(10 * MIB)
    const writes = sandbox.files.writeStream('/tmp/ten', {append: true})
    expect(writes.write(new Uint8Array(2 * MIB))).toBe(false)
    writes.end()
    await once(writes, 'finish')
    expect((await sandbox.files.stat('/tmp/ten')).size).toBe(12 * MIB)
  })

  test('streams that are left are closed, and too many at a time are refused', async () => {
    const {files} = sandbox
    await files.write('/tmp/three', new Uint8Array(3 * MIB))
    const open = Array.from({length: 500}, (_, index) => files.writeStream(`/tmp/w${index}`))
    await Promise.all(open.map((stream) => new Promise((resolve) => stream.write('x', resolve))))
    for (let i = 0; i < 20; i++) for await (const _ of files.readStream('/tmp/three')) break
    open.push(...Array.from({length: 20}, (_, index) => files.writeStream(`/tmp/more${index}`)))
    const errors = open.map((stream) => once(stream, 'error').then(([error]) => error))
    expect(await Promise.race(errors)).toMatchObject(failure('EMFILE'))
    for (const stream of open) stream.destroy(new Error('enough'))
    await Promise.all(errors)
    expect(await files.read('/tmp/three', {encoding: 'buffer'})).toHaveLength(3 * MIB)
  })

  test('errors come out of the stream, and of who pipes into it', async () => {
    await expect(buffer(sandbox.files.readStream('/tmp/none'))).rejects.toMatchObject(failure('ENOENT'))
    await expect(buffer(sandbox.files.readStream('/dev/zero'))).rejects.toMatchObject(failure('ENXIO'))
    const endless = Readable.from(
      (function* () {
        for (;;) yield new Uint8Array(MIB)
      })(),
    )
    await expect(sandbox.files.write('/tmp/full', endless)).rejects.toMatchObject(failure('ENOSPC'))
    expect(endless.destroyed).toBe(true)
    await sandbox.files.remove('/tmp/full')
    const breaks = Readable.from(
      (function* () {
        yield 'half'
        throw new Error('mine')
      })(),
    )
    await expect(sandbox.files.write('/tmp/half', breaks)).rejects.toThrow('mine')
    await expect(sandbox.files.write('/tmp/odd', Readable.from([5]) as never)).rejects.toThrow(
      'data takes strings',
    )
  })

  test('the end of the sandbox is the end of its streams', async () => {
    const other = await Sandbox.create({platform, isolation})
    const stream = other.files.writeStream('/tmp/x')
    await new Promise((resolve) => stream.write('x', resolve))
    await other.dispose()
    stream.end('y')
    expect((await once(stream, 'error'))[0]).toMatchObject({code: 'DISPOSED'})
  })
})

const hash = () => createHash('sha256')
