// Irqchip: the interrupt controller that KVM gives a VM, and how a host drives it.

import {arch} from '../arch/index.ts'
import {badArgument, HvError} from '../errors.ts'
import type {NativeVm} from './addon.ts'
import type {DeviceTable, InterruptStatus, StatusRegisters} from './device-table.ts'
import type {Eventfds} from './eventfd.ts'
import {type Irqfd, type IrqfdOptions, type IrqfdTarget, makeIrqfd} from './irqfd.ts'
import {orThrow} from './open-error.ts'

/**
 * An input of the interrupt controller, driven by the host. It stays raised until it is lowered; a guest that takes it as
 * edge-triggered sees each rise.
 *
 * @example
 * using machine = Vm.create({memoryBytes: 0x10000, memoryBase: 0x40000000, irqchip: true})
 * using first = machine.createVcpu()
 * const line = machine.irqchip!.line(5)
 * line.raise()
 * line.lower()
 * line.pulse()
 */
export interface InterruptLine {
  raise(): void
  lower(): void
  /** Raises and lowers it. */
  pulse(): void
}

/**
 * A message-signalled interrupt: what a device would write, and where.
 *
 * @example
 * using machine = Vm.create({memoryBytes: 0x10000, memoryBase: 0x40000000, irqchip: true})
 * using first = machine.createVcpu()
 * const {doorbell} = machine.irqchip!
 * if (doorbell !== undefined) console.log(machine.irqchip!.sendMsi({address: doorbell, data: 0x21})) // e.g. false
 */
export interface Msi {
  /** x86_64: 0xfee00000 with the destination (SDM vol. 3, 12.11); arm64: {@link Irqchip.doorbell}. */
  address: number
  /** 32 bits. arm64: the event, which the guest has mapped to an LPI. */
  data: number
  /** arm64: which device sends it, 32 bits (0 by default), as the guest's ITS tables number them. x86_64 has none. */
  deviceId?: number
}

/**
 * A VM's interrupt controller in KVM: PIC, IOAPIC and local APICs on x86_64, with a PIT; a GIC on arm64. WFI and HLT wait inside KVM until
 * an interrupt comes. On arm64 it starts with the first run or interrupt, and all vCPUs must be made before that.
 *
 * @example
 * using controlled = Vm.create({memoryBytes: 0x10000, memoryBase: 0x40000000, irqchip: true})
 * using one = controlled.createVcpu()
 * const {kind, lines} = controlled.irqchip!
 * console.log(kind, lines) // e.g. ioapic 24
 * controlled.irqchip!.line(4).pulse()
 */
export class Irqchip {
  readonly kind: 'ioapic' | 'split' | 'gicv2' | 'gicv3'
  /** How many inputs {@link line} takes. */
  readonly lines: number
  /**
   * Where messages go: on x86_64 to the local APIC 0; on arm64 GITS_TRANSLATER of the ITS, which comes with a GICv3, at 0x08080000. A GICv2
   * takes none.
   */
  readonly doorbell: number | undefined
  readonly #native: () => NativeVm
  readonly #eventfds: Eventfds
  readonly #devices: DeviceTable

  /** @internal Vm.create's `irqchip` makes it. */
  constructor(native: () => NativeVm, {eventfds, devices}: ControllerParts, kind: Irqchip['kind']) {
    this.#native = native
    this.#eventfds = eventfds
    this.#devices = devices
    this.kind = kind
    this.doorbell = doorbellOf(native(), kind)
    this.lines = kind === 'ioapic' || kind === 'split' ? IOAPIC_PINS : GIC_SPIS
  }

  /**
   * What an input of a `split` controller sends, as the redirection table of the host's own IOAPIC says; it may be called at any time. Each
   * rise of its {@link line}, and each signal of its {@link irqfd}, sends it; without a message neither does. If the message is
   * level-triggered (bit 15 of `data`), the guest's EOI of its vector ends the run: {@link IoapicEoiExit}. A saved VM does not contain it.
   * @param input from 0 to 23
   * @throws HvError BAD_ARGUMENT, also for a controller that is not split; DISPOSED
   *
   * @example
   * // x86_64 only
   * using machine = Vm.create({memoryBytes: 0x10000, irqchip: 'split'})
   * machine.irqchip!.route(4, {address: 0xfee00000, data: 0x8041}) // to the first local APIC, vector 0x41
   * machine.irqchip!.line(4).raise()
   */
  route(input: number, message: Msi | undefined): void {
    if (this.kind !== 'split') throw badArgument('KVM has an interrupt controller', "give `irqchip: 'split'`")
    this.#check(input)
    const native = this.#native()
    if (message === undefined) native.removeMessage(input)
    else {
      const {address, data} = checkMsi(message, this.doorbell)
      orThrow(() => native.setInputMessage(input, address, data), untaken(address))
    }
  }

  /**
   * @param gsi x86_64: a pin of the IOAPIC and, below 16, of the PIC; arm64: an SPI, whose INTID is 32 more
   * @throws HvError BAD_ARGUMENT; what it returns throws DISPOSED
   */
  line(gsi: number): InterruptLine {
    this.#check(gsi)
    return lineDrivenBy((isHigh) => this.#native().setLine(gsi, isHigh))
  }

  /**
   * Status and acknowledgement of a device's level-triggered interrupt, which the vCPU's thread answers: the guest's accesses do not end a
   * run. The input is high while any status of it is not 0. Several devices may share an input, which nothing else may drive then. Devices
   * ask for it at any time; a saved VM does not contain it.
   * @param gsi as for {@link line}
   * @throws HvError BAD_ARGUMENT, DISPOSED
   */
  status(gsi: number, registers: StatusRegisters): InterruptStatus {
    this.#check(gsi)
    return this.#devices.status(this.#native, gsi, registers)
  }

  /**
   * An eventfd whose signals interrupt the guest, whether they come from this process, a child or vhost. That takes no call to KVM and ends
   * no vCPU's run. A VM has 256 eventfds at most, those of ioeventfds included.
   * @param input of the controller, as for {@link line}; or a message, which each signal sends, as {@link sendMsi} would
   * @throws HvError BAD_ARGUMENT; KVM_UNUSABLE where the host has none (see {@link Vm.eventfdLimits}), and under Bun for a `resample` that
   * is a function; HOST_SYSCALL, DISPOSED
   *
   * @example
   * // x86_64 only
   * using machine = Vm.create({memoryBytes: 0x10000, irqchip: true})
   * const bell = machine.ioeventfd({space: 'port', address: 0x80})
   * // What the guest stores there interrupts it, and nobody else hears of it.
   * machine.irqchip!.irqfd(5, {fd: bell.fd})
   * machine.irqchip!.irqfd({address: 0xfee00000, data: 0x41}).signal()
   */
  irqfd(input: number | Msi, options?: IrqfdOptions): Irqfd {
    const target = isMsi(input) ? this.#message(input) : this.#input(input)
    return makeIrqfd(this.#native(), this.#eventfds, target, options)
  }

  /**
   * Sends a message-signalled interrupt.
   * @returns whether the guest takes it: a local APIC that is switched off does not, nor does an ITS that does not know device and event
   * @throws HvError BAD_ARGUMENT if nothing at that address takes one, DISPOSED
   */
  sendMsi(msi: Msi): boolean {
    const {address, data, deviceId} = checkMsi(msi, this.doorbell)
    return orThrow(() => this.#native().signalMsi(address, data, deviceId), untaken(address))
  }

  #input(gsi: number): IrqfdTarget {
    this.#check(gsi)
    return {name: `input ${gsi}`, hasLevels: this.kind !== 'split', take: () => gsi, free: () => {}}
  }

  #message(msi: Msi): IrqfdTarget {
    const {address, data, deviceId} = checkMsi(msi, this.doorbell)
    return {
      name: `message ${data}`,
      hasLevels: false,
      take: (native) => orThrow(() => native.addMessage(address, data, deviceId), untaken(address)),
      free: (native, gsi) => native.removeMessage(gsi),
    }
  }

  #check(gsi: number): void {
    if (Number.isInteger(gsi) && gsi >= 0 && gsi < this.lines) return
    const message = `the interrupt controller has no input ${gsi}`
    throw badArgument(message, `give one from 0 to ${this.lines - 1}`)
  }
}

/** @param set its level; may throw */
export const lineDrivenBy = (set: (isHigh: boolean) => void): InterruptLine => ({
  raise: () => set(true),
  lower: () => set(false),
  pulse: () => {
    set(true)
    set(false)
  },
})

const isMsi = (input: unknown): input is Msi => typeof input === 'object' && input !== null

/** @returns with a `deviceId` where KVM wants one */
function checkMsi({address, data, deviceId}: Msi, doorbell: number | undefined): Msi {
  const isWord = (value: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= 0 && value <= max
  const isArm64 = arch.name === 'arm64'
  if (deviceId !== undefined && !isArm64) {
    throw badArgument(`this host is ${arch.name}, whose messages have no deviceId`, 'leave deviceId out')
  }
  const own = {address, data, deviceId: isArm64 ? (deviceId ?? 0) : undefined}
  const areWords = [data, own.deviceId ?? 0].every((word) => isWord(word, 2 ** 32 - 1))
  if (!areWords || !isWord(address, Number.MAX_SAFE_INTEGER)) {
    const from = deviceId === undefined ? '' : ` of device ${deviceId}`
    throw badArgument(`an interrupt cannot be message ${data}${from} to address ${address}`)
  }
  // KVM takes all addresses of the ITS for its doorbell, and drops an irqfd's message to any other.
  if (isArm64 && address !== doorbell) throw nobodyTakes(address)
  return own
}

/** GITS_TRANSLATER of the ITS that native/arch/arm64/boot.h places: kGicIts. */
const ITS_DOORBELL = 0x08090040
const LOCAL_APIC = 0xfee00000

function doorbellOf(native: NativeVm, kind: Irqchip['kind']): number | undefined {
  if (kind === 'ioapic' || kind === 'split') return LOCAL_APIC
  return native.eventfdLimits().messages ? ITS_DOORBELL : undefined
}

const untaken =
  (address: number) =>
  (cause: unknown): unknown =>
    cause instanceof HvError ? cause : nobodyTakes(address, {cause})

const nobodyTakes = (address: number, options: ErrorOptions = {}): HvError =>
  badArgument(
    `nothing takes an interrupt at address 0x${address.toString(16)}`,
    'give `doorbell`, which a GICv2 does not have',
    options,
  )

/** KVM's IOAPIC: arch/x86/kvm/ioapic.h, IOAPIC_NUM_PINS. */
const IOAPIC_PINS = 24
/** Of KVM's default of 256 interrupts, the SPIs begin at 32. KVM_DEV_ARM_VGIC_GRP_NR_IRQS. */
const GIC_SPIS = 224

/** @internal What a VM has of what its controller needs. */
interface ControllerParts {
  readonly eventfds: Eventfds
  readonly devices: DeviceTable
}

/** @internal Call it before the first vCPU. @throws HvError KVM_UNUSABLE */
export function addIrqchip(native: () => NativeVm, owned: ControllerParts, isSplit: boolean): Irqchip {
  const message = 'KVM gives VMs no such interrupt controller on this host'
  const version = orThrow(
    () => native().addInterruptController(isSplit),
    (cause) => new HvError('KVM_UNUSABLE', message, 'leave irqchip out: the guest polls', {cause}),
  )
  if (version !== 0) return new Irqchip(native, owned, version === 2 ? 'gicv2' : 'gicv3')
  return new Irqchip(native, owned, isSplit ? 'split' : 'ioapic')
}
