// The machine of x86_64: its own devices are at ports.

import {existsSync} from 'node:fs'
import {AcpiPower} from '../devices/acpi-power.ts'
import {CmosClock} from '../devices/cmos-clock.ts'
import {DebugPort} from '../devices/debug-port.ts'
import {ExitPort} from '../devices/exit-port.ts'
import {LINE_STATUS, Serial} from '../devices/serial.ts'
import {failed} from '../failed.ts'
import type {Machine} from '../machine.ts'
import {boot} from './boot.ts'
import {startLinux} from './linux.ts'

/** KVM without VT-x or SVM. */
const PVM_MODULE = '/sys/module/kvm_pvm'
const COM1 = {first: 0x3f8, length: 8, gsi: 4}
/** Its interrupt would be for alarms, so the kernel is told of none. */
const CLOCK = {first: 0x70, length: 2, gsi: 8}

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

  kernelErrorStep: () =>
    existsSync(PVM_MODULE)
      ? 'boot it where KVM has VT-x or SVM: this PVM host interprets kernels, and not all of their instructions'
      : '',
  // The machine has no PCI, and no keyboard controller.
  commandLine: 'console=ttyS0 panic=-1 reboot=acpi pci=off i8042.noaux i8042.nokbd',
  // Pins of the IOAPIC that no ISA interrupt uses.
  virtio: {first: 0xd0000000, stride: 0x1000, gsi: 16, most: 8},
  vcpuOptions: () => ({}),
  makeKernelDevices(vm, {input, output}) {
    const status = vm.latch({space: 'port', first: COM1.first + LINE_STATUS, length: 1})
    const wiring = {line: vm.irqchip!.line(COM1.gsi), status: (value: number) => status.set(value)}
    const serial = new Serial(input, output, wiring)
    vm.post({space: 'port', first: COM1.first, length: 1}, (offset, value) => serial.write(offset, value))
    const exitPort = new ExitPort()
    const power = new AcpiPower()
    return {
      all: [serial, new CmosClock(), exitPort, power],
      placed: [
        {kind: 'serial', ...COM1},
        {kind: 'clock', ...CLOCK},
      ],
      ending: () => exitPort.status ?? (power.asked === 'off' ? 0 : power.asked),
    }
  },
  startLinux,
  endingOf: () => 'reset',
}
