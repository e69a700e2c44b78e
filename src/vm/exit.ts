// Exits: why a vCPU stopped, the same union on every architecture.

/**
 * Why a run ended, by `kind`.
 *
 * @example
 * const exit = vcpu.run()
 * if (exit.kind === 'mmio' && exit.isWrite) console.log(exit.address, exit.data[0]) // 36864 42
 * else if (exit.kind === 'io') console.log(exit.direction, exit.port)
 * else if (exit.kind === 'hypercall') exit.result = 0n
 * else if (exit.kind === 'fail-entry') throw new Error(`the processor refuses: ${exit.hardwareReason}`)
 * else if (exit.kind === 'internal-error') throw new Error(`KVM cannot go on: ${exit.suberror}`)
 * else console.log(exit.kind === 'shutdown' || exit.kind === 'halt')
 */
export type Exit =
  | IoExit
  | MmioExit
  | HypercallExit
  | HaltExit
  | ShutdownExit
  | InterruptedExit
  | FailEntryExit
  | InternalErrorExit
  | DebugExit
  | InterruptWindowExit
  | IoapicEoiExit
  | RdmsrExit
  | WrmsrExit
  | MemoryFaultExit

/**
 * A port was accessed (x86_64 only).
 *
 * @example
 * // x86_64 only
 * vm.memory.write(0x2000, Uint8Array.of(0xe4, 0x60, 0xe6, 0x80, 0xf4)) // in $0x60, %al; out %al, $0x80; hlt
 * vcpu.registers.set({rip: 0x2000n})
 * const exit = vcpu.run()
 * if (exit.kind === 'io' && exit.direction === 'in') exit.data[0] = 42
 * console.log(vcpu.run()) // { kind: 'io', direction: 'out', port: 128, size: 1, count: 1, data: Uint8Array(1) [ 42 ] }
 */
export interface IoExit {
  readonly kind: 'io'
  /** `in`: the guest reads. */
  readonly direction: 'in' | 'out'
  /** 0 to 65535. */
  readonly port: number
  /** Bytes of one access: 1, 2 or 4. */
  readonly size: number
  /** Accesses at once: more than 1 for string instructions. */
  readonly count: number
  /** `size * count` bytes, little-endian. For `in`: zeros, which you fill before the next run. */
  readonly data: Uint8Array
}

/** A guest physical address without memory was accessed. @see {@link Vm}, {@link Exit} */
export interface MmioExit {
  readonly kind: 'mmio'
  /** true: the guest stores `data`; false: it loads it. */
  readonly isWrite: boolean
  /** Guest physical. */
  readonly address: number
  /** 1 to 8 bytes, little-endian. For a read: zeros, which you fill before the next run. */
  readonly data: Uint8Array
}

/**
 * A hypercall that KVM leaves to its user. On x86_64 that is only KVM_HC_MAP_GPA_RANGE (12); on arm64, HVC or SMC with 0xc3000000 to
 * 0xc300ffff in X0, since Linux 6.4. KVM answers all others.
 *
 * @example
 * // arm64 only
 * vm.memory.write(0x2000, new Uint8Array(Uint32Array.of(0xd4000002, 0xb900005f).buffer)) // hvc #0; str wzr, [x2]
 * vcpu.registers.set({pc: 0x2000n, x0: 0xc3000001n, x1: 7n, x2: 0x9000n})
 * const exit = vcpu.run()
 * if (exit.kind === 'hypercall') exit.result = exit.args[0] + 1n
 */
export interface HypercallExit {
  readonly kind: 'hypercall'
  /** The function: RAX on x86_64, X0 on arm64. */
  readonly number: number
  /** RBX, RCX and RDX on x86_64, X1 to X6 on arm64. */
  readonly args: readonly bigint[]
  /** What the guest gets. Set it before the next run; 0n otherwise. */
  result: bigint
}

/**
 * The vCPU waits for an interrupt (HLT). Not on arm64: there KVM itself waits in WFI.
 *
 * @example
 * // x86_64 only
 * vm.memory.write(0x2000, Uint8Array.of(0xf4)) // hlt
 * vcpu.registers.set({rip: 0x2000n})
 * console.log(vcpu.run()) // { kind: 'halt' }
 */
export interface HaltExit {
  readonly kind: 'halt'
}

/** The guest switched itself off (arm64: PSCI's SYSTEM_OFF or SYSTEM_RESET), or triple-faulted (x86_64). @see {@link Exit} */
export interface ShutdownExit {
  readonly kind: 'shutdown'
  readonly reason: 'triple-fault' | 'off' | 'reset' | 'crash'
}

/** The run was ended by `interrupt()`, an AbortSignal, the VM's disposal, or a signal to the host's process. @see {@link Vcpu} */
export interface InterruptedExit {
  readonly kind: 'interrupted'
}

/** The processor refused to enter the guest: its state is invalid. @see {@link Exit} */
export interface FailEntryExit {
  readonly kind: 'fail-entry'
  /** The processor's own code (VT-x: SDM vol. 3, 28.7); on arm64, 1: this core cannot run the vCPU, but another may. */
  readonly hardwareReason: bigint
}

/** KVM cannot go on. @see {@link Exit} */
export interface InternalErrorExit {
  readonly kind: 'internal-error'
  /** KVM_INTERNAL_ERROR_*: 1 an instruction that KVM does not emulate, 2 an exception in an exception, 3 in an exit. */
  readonly suberror: number
  /** What else KVM tells; its meaning depends on the suberror. On arm64, for 1: ESR_EL2.ISS and the guest physical address. */
  readonly data: readonly bigint[]
}

/**
 * The vCPU stopped for what {@link Vcpu.debug} asked for (KVM_EXIT_DEBUG). `breakpoint` and `software` come before the instruction, which
 * would stop the vCPU again: to go on, a debugger removes the breakpoint, steps, and sets it again. `watchpoint` comes after the access on
 * x86_64, and before it on arm64.
 *
 * @example
 * // x86_64 only
 * vm.memory.write(0x2000, Uint8Array.of(0x90, 0xf4)) // nop; hlt
 * vcpu.registers.set({rip: 0x2000n})
 * vcpu.debug({singleStep: true})
 * const stopped = vcpu.run()
 * if (stopped.kind === 'debug') console.log(stopped.cause, stopped.address) // step 8193n
 */
export interface DebugExit {
  readonly kind: 'debug'
  readonly cause: 'step' | 'breakpoint' | 'watchpoint' | 'software'
  /** The address of the next instruction (on x86_64 with CS's base); for a watchpoint, the watchpoint's. */
  readonly address: bigint
}

/**
 * The guest takes interrupts again (x86_64): {@link Vcpu.interrupt} was given a vector that it could not take, and has to be given it once
 * more.
 *
 * @example
 * // x86_64 only
 * vm.memory.write(0x2000, Uint8Array.of(0xfb, 0x90, 0xf4)) // sti; nop; hlt
 * vcpu.registers.set({rip: 0x2000n})
 * console.log(vcpu.interrupt(0x20)) // false
 * console.log(vcpu.run().kind) // e.g. interrupt-window
 * console.log(vcpu.interrupt(0x20)) // true
 */
export interface InterruptWindowExit {
  readonly kind: 'interrupt-window'
}

/**
 * The guest has ended a level-triggered interrupt that an input of a `split` controller sent (x86_64; KVM_EXIT_IOAPIC_EOI): a device that
 * still wants attention interrupts again. @see {@link Irqchip.route}
 */
export interface IoapicEoiExit {
  readonly kind: 'ioapic-eoi'
  readonly vector: number
}

/**
 * Why an access is an exit: its number was asked for (`filter`), KVM has none of that number (`unknown`), or refuses the access (`invalid`).
 * @see {@link RdmsrExit}
 */
export type MsrReason = 'filter' | 'unknown' | 'invalid'

/**
 * The guest reads a model-specific register that {@link Vm.exitOnMsrs} asked for (x86_64; KVM_EXIT_X86_RDMSR).
 *
 * @example
 * // x86_64 only
 * vm.exitOnMsrs({unknown: true})
 * vm.memory.write(0x2000, Uint8Array.of(0x0f, 0x32, 0xf4)) // rdmsr; hlt
 * vcpu.registers.set({rip: 0x2000n, rcx: 0x4b000000n})
 * const exit = vcpu.run()
 * if (exit.kind === 'rdmsr') exit.isFault = false // and the guest reads 0n, or what `value` is set to
 * console.log(exit.kind === 'rdmsr' && exit.reason, vcpu.run().kind) // unknown halt
 */
export interface RdmsrExit {
  readonly kind: 'rdmsr'
  /** The register's number. */
  readonly index: number
  readonly reason: MsrReason
  /** What the guest reads: 64 bits. Set it before the next run. */
  value: bigint
  /** Set before the next run, it gives the guest a general-protection fault instead. */
  isFault: boolean
}

/** The guest writes one (KVM_EXIT_X86_WRMSR). @see {@link RdmsrExit} */
export interface WrmsrExit {
  readonly kind: 'wrmsr'
  readonly index: number
  readonly reason: MsrReason
  readonly value: bigint
  /** Set before the next run, it gives the guest a general-protection fault. */
  isFault: boolean
}

/**
 * The guest touched memory that KVM could not give it as it was (x86_64, `type: 'sw-protected'`; KVM_EXIT_MEMORY_FAULT): the page was changed at that very
 * moment ({@link GuestMemory.setPrivate}), or is private where no guest_memfd is. The next run makes the access again. @see {@link Exit}
 */
export interface MemoryFaultExit {
  readonly kind: 'memory-fault'
  /** Guest physical, of the first page. */
  readonly address: number
  /** Of the range that KVM looked at. */
  readonly bytes: number
  /** The access was to private memory. */
  readonly isPrivate: boolean
}

/** A port or an address was accessed. */
export const isAccess = (exit: Exit): exit is IoExit | MmioExit => exit.kind === 'io' || exit.kind === 'mmio'

/** KVM completes the exit's instruction in the next run. */
export const isUnfinished = ({kind}: Exit): boolean =>
  kind === 'io' || kind === 'mmio' || kind === 'hypercall' || kind === 'rdmsr' || kind === 'wrmsr'

export const INTERRUPTED: InterruptedExit = {kind: 'interrupted'}
