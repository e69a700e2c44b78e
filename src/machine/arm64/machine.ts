// The machine of arm64: memory and serial line where QEMU's board "virt" has them, switched off by PSCI.

import {ExitStatus} from '../devices/exit-status.ts'
import {FaultReport} from '../devices/fault-report.ts'
import {Pl011} from '../devices/pl011.ts'
import type {Machine} from '../machine.ts'
import {boot, MEMORY_BASE} from './boot.ts'

export const machine: Machine = {
  memoryBase: MEMORY_BASE,
  programCounter: 'pc',
  internalErrorStep: 'reach devices by loads and stores of one register, without write-back',
  boot,
  makeDevices({input, output}, vcpu) {
    const serial = new Pl011(input, output)
    const exitStatus = new ExitStatus()
    return {
      all: [serial, exitStatus, new FaultReport(vcpu.registers)],
      isWaiting: () => serial.isWaiting,
      exitStatus: () => undefined,
      shutDown: () => exitStatus.status,
    }
  },
}
