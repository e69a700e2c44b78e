// The machine of arm64: memory and serial line where QEMU's board "virt" has them; PSCI switches it off.

import {ExitRegister} from '../devices/exit-register.ts'
import {FaultReport} from '../devices/fault-report.ts'
import {FLAGS, PL011, Pl011} from '../devices/pl011.ts'
import {PL031, Pl031} from '../devices/pl031.ts'
import type {Machine} from '../machine.ts'
import {boot, flatPlaces, MEMORY_BASE} from './boot.ts'
import {startLinux} from './linux.ts'

/** The number left there is the exit status of a guest that switches itself off. */
const EXIT_STATUS = {name: 'the exit status', space: 'memory', first: 0x09f00000, length: 4} as const

export const machine: Machine = {
  memoryBase: MEMORY_BASE,
  programCounter: 'pc',
  internalErrorStep: 'reach devices by loads and stores of one register, without write-back',
  flatPlaces,
  boot,
  makeDevices({input, output}, vcpu, irqchip) {
    const serial = new Pl011(input, output)
    if (irqchip !== undefined) serial.wire({line: irqchip.line(PL011.gsi)})
    const exitStatus = new ExitRegister(EXIT_STATUS)
    return {
      all: [serial, exitStatus, new FaultReport(vcpu.registers)],
      isWaiting: () => serial.isWaiting,
      ending: () => undefined,
      endingOf: () => exitStatus.status ?? 0,
    }
  },

  kernelErrorStep: () => '',
  consoles: {
    serial: 'console=ttyAMA0',
    hvc0: `earlycon=pl011,0x${PL011.first.toString(16)} console=hvc0`,
  },
  commandLine: 'panic=-1',
  // As QEMU's "virt" has them.
  virtio: {first: 0x0a000000, stride: 0x200, gsi: 16, lines: 32, most: 32},
  vcpuOptions: (index) => ({startsOff: index > 0}),
  makeKernelDevices(vm, {input, output}) {
    // Linux reads 16 bits of the flags, or 32.
    const latches = [2, 4].map((length) => vm.latch({space: 'memory', first: PL011.first + FLAGS, length}))
    const status = (value: number): void => {
      for (const latch of latches) latch.set(value)
    }
    const serial = new Pl011(input, output)
    serial.wire({line: vm.irqchip!.line(PL011.gsi), status})
    vm.post({space: 'memory', first: PL011.first, length: 4}, (offset, value) => serial.write(offset, value))
    return {
      all: [serial, new Pl031()],
      placed: [
        {kind: 'serial', ...PL011},
        {kind: 'clock', ...PL031},
      ],
      ending: () => undefined,
      endingOf: (reason) => (reason === 'off' ? 0 : reason === 'reset' ? 'reset' : 1),
    }
  },
  tellOfPause() {},
  startLinux,
}
