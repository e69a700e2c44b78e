// Runs a bare-metal guest from a run's options, and refuses those that do not apply; in a Linux program's jail, less the means to make one.

import {addon} from '../addon.ts'
import type {GdbServer} from '../gdb/server.ts'
import {Jail} from '../jail/jail.ts'
import {ownDirectories} from '../jail/own-directories.ts'
import {openGuestFile} from '../machine/bare/guest-file.ts'
import {MEMORY_BYTES, runBare} from '../machine/bare/run-bare.ts'
import {requireHeld} from '../vm/open-error.ts'
import type {CoreFile} from './core.ts'
import {refuseUnfit} from './options/unfit.ts'
import type {RunOptions, RunResult} from './options.ts'
import type {Watchdog} from './watchdog.ts'

/** There are none besides hv's own threads. */
const TASKS = {maxTasks: 1, cpus: 1}

/** For a guest that is known to be bare-metal. @throws HvError */
export async function runBareMetal(options: RunOptions, watchdog: Watchdog): Promise<RunResult> {
  refuseUnfit(options, 'bare')
  const fd = openGuestFile(options.program)
  const server =
    options.gdb && (await (await import('./gdb-server.ts')).listenForGdb(options.gdb, options, true))
  const core = options.core ? new (await import('./core.ts')).CoreFile(options.core) : undefined
  const jail = Jail.begin(options.jail ?? 'best', [])
  const {memoryBytes = MEMORY_BYTES} = options
  jail.limit({memoryBytes, ...TASKS}, options.cgroupParent)
  const kvmError = addon.holdKvm()
  options.code?.keep()
  jail.close({
    ...{roots: [], directories: ownDirectories(process.env), dropTo: options.dropTo},
    ...{caller: 'kvm', isUndecided: true, hasTerminal: false},
    ...{accepts: server !== undefined, dumps: core !== undefined},
  })
  return runInJail(options, {fd, jail, kvmError, server, core}, watchdog)
}

/** A program that turned out, in the jail, to be a bare-metal guest. */
export interface FoundBare {
  /** Open for reading. */
  fd: number
  jail: Jail
  /** 0, or why /dev/kvm is not held. */
  kvmError: number
  /** Listens for gdb. */
  server: GdbServer | undefined
  /** Where the machine's core goes if it dies. */
  core: CoreFile | undefined
}

/** @throws HvError */
export async function runFoundBare(
  options: RunOptions,
  found: FoundBare,
  watchdog: Watchdog,
): Promise<RunResult> {
  refuseUnfit(options, 'bare')
  return runInJail(options, found, watchdog)
}

async function runInJail(options: RunOptions, found: FoundBare, watchdog: Watchdog): Promise<RunResult> {
  const {fd, jail, kvmError, server, core} = found
  requireHeld(kvmError)
  const gdb = server && new (await import('./gdb-machine.ts')).GdbMachine(server, options.program)
  const dumper = core && new (await import('./machine-core.ts')).MachineCore(core)
  const onLoaded = (): void => {
    watchdog.start()
    addon.dropKvm()
    jail.decide({
      caller: 'machine',
      hasTerminal: false,
      accepts: gdb !== undefined,
      dumps: core !== undefined,
    })
    gdb?.begin()
  }
  try {
    const result = await runBare({...options, onLoaded, debug: gdb?.debug, onDead: dumper?.onDead}, {}, fd)
    return {...result, jail: jail.layers}
  } finally {
    await gdb?.close()
    core?.close()
  }
}
