// Where gdb is waited for, and what whoever runs hv is told of it.

import {writeSync} from 'node:fs'
import {type GdbAddress, targetRemote} from '../gdb/address.ts'
import {GdbServer} from '../gdb/server.ts'
import {debugLimits} from '../vm/debug.ts'

const STDERR = 2

/**
 * Before there is a jail: nobody can listen in it.
 * @param isMachine what is debugged is a machine, or may be: nor could anybody ask then what its vCPUs can stop for
 * @throws HvError BAD_ARGUMENT
 */
export async function listenForGdb(address: GdbAddress, isMachine: boolean): Promise<GdbServer> {
  if (isMachine) askLimits()
  return GdbServer.listen(address)
}

export function tellWaiting(server: GdbServer): void {
  tell(`waiting for gdb: ${targetRemote(server.address)}`)
}

/** @param what waits, which stands still */
export function tellLeft(what: string): void {
  tell(`gdb has left: the ${what} waits for another`)
}

/** They are remembered. */
function askLimits(): void {
  try {
    debugLimits()
  } catch {
    // Whoever makes the machine says what is wrong with KVM.
  }
}

function tell(line: string): void {
  try {
    writeSync(STDERR, `hv: ${line}\n`)
  } catch {
    // Nobody reads it, or not now.
  }
}
