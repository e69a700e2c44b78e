// The order of a launch's phases, and what is disposed of when one of them fails.

import {describe, expect, test} from 'vitest'
import {type LaunchOptions, launch, type OpenedGuest} from '../../../src/launch/launch.ts'

const PHASES = ['open', 'prepare', 'keep', 'load', 'start', 'end'] as const
type Phase = (typeof PHASES)[number]

/** Goes through a launch without a jail. @returns what happened, in order */
async function phasesOf(failing?: Phase): Promise<string[]> {
  const seen: string[] = []
  const reach = (phase: Phase): void => {
    seen.push(phase)
    if (phase === failing) throw new Error(`${phase} failed`)
  }
  const guest: OpenedGuest<object> = {
    limits: {memoryBytes: 1 << 20, maxTasks: 1, cpus: 1},
    mayBeMachine: false,
    prepare: async (launch) => {
      launch.defer(() => seen.push('first let go'))
      launch.use({[Symbol.dispose]: () => seen.push('second let go')})
      reach('prepare')
      const end = async (): Promise<object> => {
        reach('end')
        return {}
      }
      const start = () => {
        reach('start')
        return {end}
      }
      const load = async () => {
        reach('load')
        return {start}
      }
      return {needs: {roots: [], caller: 'kvm', hasChildren: false}, load}
    },
  }
  const options: LaunchOptions = {
    ...{volumes: [], jail: 'none'},
    code: {directory: undefined, isCold: () => false, keep: () => reach('keep')},
    onFailure: (error) => seen.push((error as Error).message),
  }
  const open = () => {
    reach('open')
    return guest
  }
  await launch(open, options).catch((error) => seen.push(`throws: ${error.message}`))
  return seen
}

test('a launch lets go of all, also when something of it fails', async () => {
  let isFirstDisposed = false
  const guest: OpenedGuest<object> = {
    limits: {memoryBytes: 1 << 20, maxTasks: 1, cpus: 1},
    mayBeMachine: false,
    prepare: async (launch) => {
      launch.defer(() => {
        isFirstDisposed = true
      })
      launch.defer(() => {
        throw new Error('stuck')
      })
      throw new Error('prepare failed')
    },
  }
  await expect(launch(() => guest, {volumes: [], jail: 'none'})).rejects.toThrow('stuck')
  expect(isFirstDisposed).toBe(true)
})

const LET_GO = ['second let go', 'first let go']

describe('a launch', () => {
  test('goes through its phases, and lets go of what they use, the last first', async () => {
    expect(await phasesOf()).toEqual([...PHASES, ...LET_GO])
  })

  test.each(PHASES)('that fails in %s tells so, lets go of all, and throws', async (failing) => {
    const reached = PHASES.slice(0, PHASES.indexOf(failing) + 1)
    const letGo = failing === 'open' ? [] : LET_GO
    const message = `${failing} failed`
    expect(await phasesOf(failing)).toEqual([...reached, message, ...letGo, `throws: ${message}`])
  })
})
