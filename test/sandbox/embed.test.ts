// Sandbox in the process that embeds it: its event loop turns, guests can be stopped, nothing leaks and nothing ends it.

import {execFile} from 'node:child_process'
import {readdirSync} from 'node:fs'
import {promisify} from 'node:util'
import {describe, expect, test} from 'vitest'
import {type AbortError, Sandbox} from '../../dist/index.js'
import {BUSYBOX, guest, onceItHasWritten, places, SPIN, sh} from './guests.ts'

const library = new URL('../../dist/index.js', import.meta.url).pathname
const openFds = (): number => readdirSync('/proc/self/fd').length
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  describe('stopping a guest', () => {
    test('a time-out kills one that spins, while the event loop keeps turning', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      let ticks = 0
      const timer = setInterval(() => ticks++, 10)
      // On a busy machine they come late.
      for (let timeoutMs = 500; ticks <= 10; timeoutMs *= 2) {
        const result = await sandbox.run(BUSYBOX, SPIN, {timeoutMs})
        expect(result).toMatchObject({exitCode: null, signal: null, timedOut: true})
      }
      clearInterval(timer)
      expect((await sandbox.run(BUSYBOX, ['echo', 'again'])).stdout).toBe('again\n')
    })

    test('a time-out keeps what the guest wrote', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const script = 'echo before; while :; do :; done'
      const result = await onceItHasWritten((timeoutMs) => sandbox.run(...sh(script), {timeoutMs}))
      expect(result).toMatchObject({timedOut: true, stdout: 'before\n'})
    })

    test('a time-out ends one that sleeps', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      expect(await sandbox.run(BUSYBOX, ['sleep', '60'], {timeoutMs: 100})).toMatchObject({timedOut: true})
    })

    test.each([
      ['spins', SPIN],
      ['sleeps', ['sleep', '60']],
      ['writes without end', ['yes']],
    ])('an AbortSignal stops one that %s; the sandbox runs on', async (_, args) => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const controller = new AbortController()
      const run = sandbox.run(BUSYBOX, args, {signal: controller.signal})
      const outcome = expect(run).rejects.toMatchObject({name: 'AbortError'})
      await sleep(200)
      controller.abort()
      await outcome
      expect((await sandbox.run(BUSYBOX, ['echo', 'again'])).stdout).toBe('again\n')
    })

    test('an AbortSignal rejects, with its reason as the cause: before, while waiting, and as soon as it runs', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const reason = new Error('mine')
      const signal = AbortSignal.abort(reason)
      await expect(sandbox.run(BUSYBOX, ['true'], {signal})).rejects.toMatchObject({
        name: 'AbortError',
        cause: reason,
      })

      const first = sandbox.run(BUSYBOX, ['sleep', '0.3'])
      const waiting = new AbortController()
      const second = sandbox.run(BUSYBOX, SPIN, {signal: waiting.signal})
      const third = sandbox.run(BUSYBOX, ['echo', 'third'])
      waiting.abort(reason)
      await expect(second).rejects.toMatchObject({name: 'AbortError', cause: reason})
      expect((await first).exitCode).toBe(0)
      expect((await third).stdout).toBe('third\n')

      for (let i = 0; i < 20; i++) {
        const controller = new AbortController()
        const run = sandbox.run(BUSYBOX, SPIN, {signal: controller.signal})
        setTimeout(() => controller.abort(reason), i / 4)
        await expect(run).rejects.toMatchObject({name: 'AbortError', cause: reason})
      }
    })

    test('what an aborted program had written is in the error, in the encoding of the run', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const script = 'echo err >&2; echo out; while :; do :; done'
      const aborted = (encoding: 'utf8' | 'buffer') =>
        onceItHasWritten((timeMs) =>
          sandbox
            .run(...sh(script), {signal: AbortSignal.timeout(timeMs), encoding: encoding as 'utf8'})
            .catch((error: AbortError) => error),
        )
      expect(await aborted('utf8')).toMatchObject({code: 'ABORT_ERR', stdout: 'out\n', stderr: 'err\n'})
      expect(await aborted('buffer')).toMatchObject({
        stdout: bytesOf('out\n'),
        stderr: bytesOf('err\n'),
      })
      const before = sandbox.run(BUSYBOX, ['true'], {signal: AbortSignal.abort()})
      await expect(before).rejects.toMatchObject({stdout: '', stderr: ''})
    })

    test('what a program had written when its time was over is in the result', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const script = 'echo out; while :; do :; done'
      const result = await onceItHasWritten((timeoutMs) => sandbox.run(...sh(script), {timeoutMs}))
      expect(result).toMatchObject({timedOut: true, outOfMemory: false, stdout: 'out\n'})
    })

    test('a guest that ignores every signal is stopped too', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const script = "trap '' TERM INT HUP QUIT; while :; do :; done"
      const run = sandbox.run(BUSYBOX, ['sh', '-c', script], {signal: AbortSignal.timeout(300)})
      await expect(run).rejects.toMatchObject({name: 'AbortError', cause: {name: 'TimeoutError'}})
    })
  })

  describe('disposal', () => {
    test('stops what runs and what waits, and refuses what comes later', async () => {
      const sandbox = await Sandbox.create({platform, isolation})
      const outcomes = [sandbox.run(BUSYBOX, SPIN), sandbox.run(BUSYBOX, SPIN)].map((run) =>
        expect(run).rejects.toMatchObject({code: 'DISPOSED'}),
      )
      await sleep(100)
      await Promise.all([sandbox.dispose(), sandbox.dispose()])
      await Promise.all(outcomes)
      await expect(sandbox.run(BUSYBOX, ['true'])).rejects.toMatchObject({code: 'DISPOSED'})
    })

    test('gives every descriptor back', async () => {
      const round = async (): Promise<void> => {
        await using sandbox = await Sandbox.create({
          platform,
          isolation,
          volumes: [{host: '/etc', guest: '/etc'}],
        })
        await sandbox.run(BUSYBOX, ['cat', '/etc/passwd'])
        await sandbox.run('/no/such/program').catch(() => {})
      }
      await round()
      const before = openFds()
      for (let i = 0; i < 5; i++) await round()
      expect(openFds()).toBe(before)
    })

    test('runs of one program leave no descriptor behind', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      await sandbox.run(BUSYBOX, ['true'])
      const before = openFds()
      for (let i = 0; i < 10; i++) await sandbox.run(BUSYBOX, ['true'])
      expect(openFds()).toBe(before)
    })
  })

  test('ten sandboxes run at once', async () => {
    const runs = Array.from({length: 10}, async (_, i) => {
      await using sandbox = await Sandbox.create({platform, isolation})
      const script = `i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo ${i}`
      return (await sandbox.run(BUSYBOX, ['sh', '-c', script])).stdout
    })
    expect(await Promise.all(runs)).toEqual(Array.from({length: 10}, (_, i) => `${i}\n`))
  })

  test('ten guests spin or crash while the process goes on, and all of them stop', async () => {
    const sandboxes = await Promise.all(Array.from({length: 10}, () => Sandbox.create({platform, isolation})))
    const runs = sandboxes.map((sandbox, i) =>
      i % 2 ? sandbox.run(guest('die-segv')) : sandbox.run(BUSYBOX, SPIN, {timeoutMs: 1000}),
    )
    const results = await Promise.all(runs)
    expect(results.map(({signal, timedOut}) => timedOut || signal)).toEqual(
      results.map((_, i) => (i % 2 ? 'SIGSEGV' : true)),
    )
    await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
  })

  describe('the process', () => {
    const node = (script: string) =>
      promisify(execFile)(
        process.execPath,
        ['--input-type=module', '-e', `import {Sandbox} from ${JSON.stringify(library)}\n${script}`],
        {timeout: 20_000},
      )

    test('ends when it is done, with an idle sandbox forgotten', async () => {
      const {stdout} = await node(`
        const sandbox = await Sandbox.create({platform: '${platform}', isolation: '${isolation}'})
        console.log((await sandbox.run('${BUSYBOX}', ['echo', 'done'])).stdout)`)
      expect(stdout).toBe('done\n\n')
    })

    test('waits for a run whose promise nobody holds', async () => {
      const {stdout} = await node(`
        const sandbox = await Sandbox.create({platform: '${platform}', isolation: '${isolation}'})
        sandbox.run('${BUSYBOX}', ['sleep', '0.3']).then(({exitCode}) => console.log(exitCode))`)
      expect(stdout).toBe('0\n')
    })

    test('can exit while a guest spins', async () => {
      const {stdout} = await node(`
        const sandbox = await Sandbox.create({platform: '${platform}', isolation: '${isolation}'})
        sandbox.run('${BUSYBOX}', ${JSON.stringify(SPIN)})
        setTimeout(() => { console.log('leaving'); process.exit(0) }, 300)`)
      expect(stdout).toBe('leaving\n')
    })
  })
})
