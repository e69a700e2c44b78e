// Runs bare-metal guests in this process, and keeps what they print.

import {Readable} from 'node:stream'
import {HvError} from '../../src/errors.ts'
import type {RunOptions, RunResult} from '../../src/launch/options.ts'
import {BareMachine, type BareOptions} from '../../src/machine/bare/bare-machine.ts'
import {MachineOutput} from '../../src/machine/console/streams.ts'
import {bareGuest} from './vm.ts'

interface Ended extends Partial<RunResult> {
  stdout: string
  stderr: string
}

type Options = Partial<RunOptions & BareOptions>

/** Default: the hello guest. @param input standard input */
export async function run(options: Options, input = ''): Promise<Ended> {
  const text = {stdout: '', stderr: ''}
  const into = (name: 'stdout' | 'stderr') =>
    new MachineOutput((bytes) => {
      text[name] += Buffer.from(bytes).toString('latin1')
      return bytes.length
    })
  const streams = {
    input: () => Readable.from([Buffer.from(input)]),
    output: into('stdout'),
    debug: into('stderr'),
  }
  const all = {
    program: bareGuest('hello'),
    args: [],
    volumes: [],
    env: {},
    platform: 'auto' as const,
    ...options,
  }
  using machine = new BareMachine(all, streams)
  return {...(await machine.run()), ...text}
}

/** Of a run that fails. */
export async function errorOf(options: Options): Promise<HvError> {
  const error = await run(options).catch((reason) => reason)
  if (error instanceof HvError) return error
  throw error instanceof Error ? error : new Error('it did not fail')
}
