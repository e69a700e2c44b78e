// Listens for gdb, and tells hv's user so.

import {writeSync} from 'node:fs'
import {type GdbAddress, targetRemote} from '../gdb/address.ts'
import {GdbServer} from '../gdb/server.ts'
import {debugLimits} from '../vm/debug.ts'
import type {RunOptions} from './options.ts'
import {writablePaths} from './writable-paths.ts'

const STDERR = 2

/**
 * Call it before there is a jail: nothing can listen in it.
 * @param options the volumes and shares, in which gdb's socket cannot be
 * @param isMachine a machine is debugged, or may be: in a jail it could not be asked what its vCPUs can stop for
 * @throws HvError BAD_ARGUMENT
 */
export async function listenForGdb(
  address: GdbAddress,
  options: Pick<RunOptions, 'volumes' | 'shares'>,
  isMachine: boolean,
): Promise<GdbServer> {
  if (isMachine) askLimits()
  return GdbServer.listen(address, writablePaths(options))
}

export function tellWaiting(server: GdbServer): void {
  tell(`waiting for gdb: ${targetRemote(server.address)}`)
}

/** @param what stands still, and waits */
export function tellLeft(what: string): void {
  tell(`gdb has left: the ${what} waits for another`)
}

/** The answers are remembered. */
function askLimits(): void {
  try {
    debugLimits()
  } catch {
    // Making the machine will report what is wrong with KVM.
  }
}

function tell(line: string): void {
  try {
    writeSync(STDERR, `hv: ${line}\n`)
  } catch {
    // Nothing reads it, or not now.
  }
}
