// A guest that takes interrupts of input 5 for ever: it says that it is ready, and tells of each one before it ends it.

import {arch} from '../../src/arch/index.ts'
import type {Exit} from '../../src/vm/exit.ts'
import type {Vcpu} from '../../src/vm/vcpu.ts'
import {Vm} from '../../src/vm/vm.ts'
import {NOWHERE} from './arm64-code.ts'
import {guest} from './guest-code.ts'
import {flatImage, MEMORY_BYTES} from './vm.ts'

export const GSI = 5
/** The port that x86_64's guest stores to when it starts, between `ready` and its first hlt. */
export const LOOPED = 3
const [TAKEN, READY] = [1, 2]

/** Real mode: the PIC's interrupts begin at 0x20. */
const HANDLER_AT = 0x1100
const VECTOR = 0x20 + GSI
const EDGE = 0x800n

// Sets up the whole PIC: ICW1 to ICW4, then the mask. sti; ready; loop: hlt; jmp loop.
const out = (value: number, port: number): number[] => [0xb0, value, 0xe6, port]
const MAIN = [
  ...[...out(0x11, 0x20), ...out(0x20, 0x21), ...out(4, 0x21), ...out(1, 0x21), ...out(0, 0x21)],
  ...[...guest.tell(READY), 0xfb, 0xe6, LOOPED, 0xf4, 0xeb, 0xfd],
]
// Taken; EOI; iret.
const HANDLER = [0xe6, TAKEN, ...out(0x20, 0x20), 0xcf]

export interface Interrupted {
  readonly vm: Vm
  readonly vcpu: Vcpu
  /** Runs the guest until it takes another interrupt. */
  taken(): Promise<Exit>
}

/** The guest, ready. @param isLevel how arm64's controller is told to see the input; x86_64's takes both */
export async function interrupted(isLevel: boolean): Promise<Interrupted> {
  const vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase, irqchip: true})
  const vcpu = arch.name === 'arm64' ? startArm64(vm, isLevel) : startX86(vm)
  const run = async (): Promise<Exit> => vcpu.runAsync(AbortSignal.timeout(60_000))
  const ready = await run()
  if (!isReady(ready)) throw new Error(`the guest is not ready: ${ready.kind}`)
  return {vm, vcpu, taken: run}
}

/** Whether an exit tells of an interrupt. */
export const isTaken = (exit: Exit): boolean =>
  arch.name === 'arm64'
    ? exit.kind === 'mmio' && exit.address === NOWHERE && exit.data[0] === 32 + GSI
    : exit.kind === 'io' && exit.port === TAKEN

const isReady = (exit: Exit): boolean =>
  arch.name === 'arm64'
    ? exit.kind === 'mmio' && exit.address === NOWHERE + 4
    : exit.kind === 'io' && exit.port === READY

function startArm64(vm: Vm, isLevel: boolean): Vcpu {
  const image = flatImage(`spi-${vm.irqchip!.kind.slice(3)}`)
  return guest.start(vm, guest.at, image, {x2: isLevel ? 0n : EDGE})
}

function startX86(vm: Vm): Vcpu {
  vm.memory.write(HANDLER_AT, Uint8Array.from(HANDLER))
  vm.memory.write(4 * VECTOR, new Uint8Array(Uint32Array.of(HANDLER_AT).buffer))
  // Nobody needs what it stores before it waits.
  vm.post({space: 'port', first: LOOPED, length: 1}, () => {})
  return guest.start(vm, guest.at, MAIN, {rsp: 0x8000n, 'ss.base': 0n, 'ss.selector': 0n})
}
