// Guests that are hard to stop: a time-out, abort() and dispose() end every one of them.

import {describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {BUSYBOX, ENDLESS, places} from './guests.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.each(places)('on $platform, in a $isolation', ({platform, isolation}) => {
  describe.each(ENDLESS)('a guest that %s', (_, program, args) => {
    test('is stopped by a time-out and by an AbortSignal, again and again', async () => {
      await using sandbox = await Sandbox.create({platform, isolation})
      for (let i = 0; i < 5; i++) {
        // 0 would be no time-out.
        expect(await sandbox.run(program, args, {timeoutMs: 20 * i + 1})).toMatchObject({timedOut: true})
        const run = sandbox.run(program, args, {signal: AbortSignal.timeout(20 * i)})
        await expect(run).rejects.toMatchObject({name: 'AbortError', cause: {name: 'TimeoutError'}})
      }
      expect((await sandbox.run(BUSYBOX, ['echo', 'alive'])).stdout).toBe('alive\n')
    })

    test('is stopped by dispose()', async () => {
      const sandbox = await Sandbox.create({platform, isolation})
      const run = expect(sandbox.run(program, args)).rejects.toMatchObject({code: 'DISPOSED'})
      await sleep(100)
      await sandbox.dispose()
      await run
    })
  })
})
