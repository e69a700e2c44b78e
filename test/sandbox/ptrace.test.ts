// Sandboxes on ptrace: child processes that this one does not notice, and of which nothing is left.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {describe, expect, test} from 'vitest'
import {Sandbox} from '../../dist/index.js'
import {describePtrace} from '../helpers/ptrace.ts'
import {BUSYBOX, isolations, livingBelow, SPIN} from './guests.ts'

const COUNT = 8
const COUNT_UP = 'i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done; exit'

/** The stubs' pids. */
const stubs = (): number[] =>
  livingBelow('self').flatMap(({pid, name}) => (name.startsWith('memfd:hv-stub') ? [pid] : []))

/** The sentry may have been quicker: when one of its processes is gone, it ends the others. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

describe.each(isolations)('in a %s', (isolation) => {
  const create = (): Promise<Sandbox> => Sandbox.create({platform: 'ptrace', memoryBytes: 1 << 26, isolation})

  describePtrace('sandboxes on ptrace', () => {
    test('run beside each other and beside children of the process, and leave nothing', async () => {
      const sandboxes = await Promise.all(Array.from({length: COUNT}, create))
      const child = spawn('sh', ['-c', 'sleep 0.1; exit 7'])
      const exit = once(child, 'exit')
      const runs = sandboxes.map((sandbox, index) =>
        sandbox.run(BUSYBOX, ['sh', '-c', `${COUNT_UP} ${index}`]),
      )
      const codes = (await Promise.all(runs)).map(({exitCode}) => exitCode)
      expect(codes).toEqual(Array.from({length: COUNT}, (_, index) => index))
      expect((await exit)[0]).toBe(7)
      await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
      expect(stubs()).toEqual([])
    })

    test('make no signal of each stop for who waits for children of the process', async () => {
      let signals = 0
      const count = () => signals++
      process.on('SIGCHLD', count)
      await using sandbox = await create()
      const child = spawn('sleep', ['1000'])
      await sandbox.run(BUSYBOX, ['sh', '-c', `i=0; while [ $i -lt 500 ]; do i=$((i + 1)); cd /; done`])
      expect(signals).toBeLessThan(50)
      child.kill()
      expect((await once(child, 'exit'))[1]).toBe('SIGTERM')
      process.off('SIGCHLD', count)
    })

    test('are disposed of while their guests compute', async () => {
      const sandboxes = await Promise.all(Array.from({length: COUNT}, create))
      const ends = Promise.all(sandboxes.map((sandbox) => sandbox.run(BUSYBOX, SPIN).catch(({code}) => code)))
      await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
      expect(new Set(await ends)).toEqual(new Set(['DISPOSED']))
      expect(stubs()).toEqual([])
    })

    test('go on with the next program when the processes of one are killed, where they can', async () => {
      const sandbox = await create()
      const child = sandbox.spawn(BUSYBOX, ['sh', '-c', 'echo ready; while :; do :; done'])
      await once(child.stdout, 'data')
      stubs().forEach(kill)
      expect(await child.wait()).toMatchObject({exitCode: null, signal: 'SIGKILL'})
      const next = sandbox.run(BUSYBOX, ['echo', 'alive'])
      // Nothing in a jail could start new ones.
      if (isolation === 'process') await expect(next).rejects.toThrow('killed from outside')
      else expect(await next).toMatchObject({exitCode: 0, stdout: 'alive\n'})
      await sandbox.dispose()
    })
  })
})
