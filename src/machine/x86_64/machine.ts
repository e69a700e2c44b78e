// The machine of x86_64: ports.

import {DebugPort} from '../devices/debug-port.ts'
import {ExitPort} from '../devices/exit-port.ts'
import {Serial} from '../devices/serial.ts'
import {failed} from '../failed.ts'
import type {Machine} from '../machine.ts'
import {boot} from './boot.ts'

export const machine: Machine = {
  memoryBase: 0,
  programCounter: 'rip',
  internalErrorStep: 'build it with -mgeneral-regs-only for a PVM host',
  boot,
  makeDevices({input, output, debug}) {
    const serial = new Serial(input, output)
    const exitPort = new ExitPort()
    return {
      all: [serial, exitPort, new DebugPort(debug)],
      isWaiting: () => serial.isWaiting,
      exitStatus: () => exitPort.status,
      shutDown: () => {
        throw failed('the guest shut down: a fault that found no handler (triple fault)')
      },
    }
  },
}
