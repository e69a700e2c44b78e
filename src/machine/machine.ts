// What differs between the machines of the architectures.

import type {ShutdownExit} from '../vm/exit.ts'
import type {Irqchip} from '../vm/irqchip.ts'
import type {RegisterName} from '../vm/registers.ts'
import type {Vcpu} from '../vm/vcpu.ts'
import type {Vm} from '../vm/vm.ts'
import type {VcpuOptions} from '../vm/vm-options.ts'
import type {KernelStart} from './boot/kernel-start.ts'
import type {Device, PlacedDevice} from './bus.ts'
import type {MachineInput, MachineOutput} from './console/streams.ts'
import type {VirtioPlaces} from './virtio/plug.ts'

export interface Machine {
  /** The guest physical address at which memory begins. */
  readonly memoryBase: number
  readonly programCounter: RegisterName
  /** The next step for a guest that KVM cannot go on with. */
  readonly internalErrorStep: string
  /** The modes in which a flat guest may start; the first one is the default. */
  readonly flatPlaces: FlatPlaces
  /** Puts the vCPU where the guest starts. */
  boot(vm: Vm, vcpu: Vcpu, start: StartOfGuest): void
  /** @param irqchip the serial port interrupts by it; without one, it is polled */
  makeDevices(streams: DeviceStreams, vcpu: Vcpu, irqchip?: Irqchip): BareDevices

  /** The next step for a kernel that KVM cannot go on with; asked for before a jail closes. */
  kernelErrorStep(): string
  /** The parameters by which a kernel has its console. */
  readonly consoles: Readonly<Record<ConsoleKind, string>>
  /** The parameters that every kernel gets. */
  readonly commandLine: string
  vcpuOptions(index: number): VcpuOptions
  readonly virtio: VirtioPlaces
  makeKernelDevices(vm: Vm, streams: Omit<DeviceStreams, 'debug'>): KernelDevices
  /** Tells the kernel that the vCPU, which stands still, was paused: its watchdogs then find no fault. */
  tellOfPause(vcpu: Vcpu): void
  /** Puts the kernel into memory, and the first vCPU at its entry. @throws HvError BAD_KERNEL */
  startLinux(start: KernelStart): void
}

/** The serial line, or a virtio console: hvc0. */
export type ConsoleKind = 'serial' | 'hvc0'

/** An exit status, or a reset. */
export type Ending = number | 'reset'

export interface MachineDevices {
  readonly all: readonly Device[]
  /** How the guest has ended the run through a device; undefined: it goes on. */
  ending(): Ending | undefined
  /** How the guest's shutdown ends the run. @throws HvError when that is a failure */
  endingOf(reason: ShutdownExit['reason']): Ending
}

export interface BareDevices extends MachineDevices {
  /** The guest does nothing but poll for input. */
  isWaiting(): boolean
}

export interface KernelDevices extends MachineDevices {
  /** The devices that the kernel is told of. */
  readonly placed: readonly PlacedDevice[]
}

/** How a processor may start: in a mode of x86_64, or at an exception level of arm64. */
export type StartMode = 'real' | 'protected' | 'long' | 'el1' | 'el2'

/** Guest physical addresses, for a flat guest that starts in a mode. */
export interface FlatPlace {
  /** Where it goes unless its user says otherwise. */
  readonly usual: number
  /** The lowest one that it may have. */
  readonly first: number
  /** It ends here at the latest, if memory goes on; default: below the stack at the end of memory. */
  readonly end?: number
}

export type FlatPlaces = Readonly<Partial<Record<StartMode, FlatPlace>>>

/** Guest physical addresses. */
export interface StartOfGuest {
  /** Default: the machine's own, in which ELF guests start. */
  mode?: StartMode
  entry: number
  /** The stack grows down from here. */
  stack: number
  /** The first three arguments of the entry point: memory bytes, argc, argv. */
  args: readonly [number, number, number]
}

export interface DeviceStreams {
  input: MachineInput
  output: MachineOutput
  debug: MachineOutput
}

/** Offset from the beginning of memory; the architecture's tables are below it. From here to GUEST_START: the arguments. */
export const ARGUMENTS = 0x8000
/** A guest's segments begin at or above this offset. */
export const GUEST_START = 0x10000
/** Where guests/bare links its guests, and where a flat guest usually goes: 1 MiB into memory. */
export const LINK_AT = 0x100000
/** The stack's part of the top of memory; a guest ends below it. */
export const STACK_BYTES = 0x10000
