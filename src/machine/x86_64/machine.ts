// The machine of x86_64: its own devices are at ports.

import {attempt} from '../../errors.ts'
import {isPvmHost} from '../../vm/pvm-host.ts'
import {AcpiPower} from '../devices/acpi-power.ts'
import {CMOS_CLOCK, CmosClock} from '../devices/cmos-clock.ts'
import {DebugPort} from '../devices/debug-port.ts'
import {ExitRegister} from '../devices/exit-register.ts'
import {COM1, LINE_STATUS, Serial} from '../devices/serial.ts'
import {TextCursor} from '../devices/text-cursor.ts'
import type {Machine} from '../machine.ts'
import {failed} from '../machine-result.ts'
import {boot, flatPlaces} from './boot.ts'
import {startLinux} from './linux.ts'
import {VectorReport} from './real-vectors.ts'

/** The number that a guest writes there ends the run. */
const EXIT_PORT = {name: 'the exit port', space: 'port', first: 0xf4, length: 1} as const

export const machine: Machine = {
  memoryBase: 0,
  programCounter: 'rip',
  internalErrorStep: 'build it with -mgeneral-regs-only for a PVM host',
  flatPlaces,
  boot,
  makeDevices({input, output, debug}, _vcpu, irqchip) {
    const serial = new Serial(input, output)
    if (irqchip !== undefined) serial.wire({line: irqchip.line(COM1.gsi)})
    const exitPort = new ExitRegister(EXIT_PORT)
    return {
      all: [serial, exitPort, new DebugPort(debug), new VectorReport()],
      isWaiting: () => serial.isWaiting,
      ending: () => exitPort.status,
      endingOf: () => {
        throw failed('the guest shut down: a fault that found no handler (triple fault)')
      },
    }
  },

  kernelErrorStep: () =>
    isPvmHost()
      ? 'boot it where KVM has VT-x or SVM: this PVM host interprets kernels, and not all of their instructions'
      : '',
  consoles: {
    serial: 'console=ttyS0',
    hvc0: `earlycon=uart8250,io,0x${COM1.first.toString(16)} console=hvc0`,
  },
  // The machine has no PCI, and no keyboard controller.
  commandLine: 'panic=-1 reboot=acpi pci=off i8042.noaux i8042.nokbd',
  // Pins of the IOAPIC that no ISA interrupt uses.
  virtio: {first: 0xd0000000, stride: 0x1000, gsi: 16, lines: 8, most: 32},
  vcpuOptions: () => ({}),
  makeKernelDevices(vm, {input, output}) {
    const status = vm.latch({space: 'port', first: COM1.first + LINE_STATUS, length: 1})
    const serial = new Serial(input, output)
    serial.wire({line: vm.irqchip!.line(COM1.gsi), status: (value) => status.set(value)})
    vm.post({space: 'port', first: COM1.first, length: 1}, (offset, value) => serial.write(offset, value))
    const exitPort = new ExitRegister(EXIT_PORT)
    const power = new AcpiPower()
    return {
      all: [serial, new CmosClock(), new TextCursor(), exitPort, power],
      placed: [
        {kind: 'serial', ...COM1},
        {kind: 'clock', ...CMOS_CLOCK},
      ],
      ending: () => exitPort.status ?? (power.asked === 'off' ? 0 : power.asked),
      endingOf: () => 'reset',
    }
  },
  tellOfPause(vcpu) {
    // A machine that has ended meanwhile has no vCPUs to tell.
    attempt(() => vcpu.tellOfPause())
  },
  startLinux,
}
