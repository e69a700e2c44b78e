// The proof that a platform can run guests: a program in user mode, whose system calls are answered here.

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {HvError} from '../errors.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_SYSCALL,
  PAGE_SIZE,
  type Platform,
  PROT_EXEC,
  PROT_READ,
} from './platform.ts'

const CODE_ADDRESS = 0x10000
/** Enough for the fastest of them to be undisturbed, too few for a platform to begin to listen. */
const STOPS = 7
const LISTENED = 2000
/** A host that does not answer within this much will not. */
const PATIENCE_NS = 1e9

/** Nanoseconds of a system call and its answer. */
export interface TrapTimes {
  /** By a VM exit or a stop of a process: the fastest. */
  roundTripNs: number
  /** While listening: the mean, if it came to that. */
  listeningNs: number | undefined
}

/** @throws HvError that says what failed */
export function trapOnce(platform: Platform): void {
  using proof = new Proof(platform)
  proof.trap()
}

/**
 * For a platform that does not listen.
 * @returns nanoseconds of a system call and its answer: the fastest of some
 * @throws HvError that says what failed
 */
export function fastestTrap(platform: Platform): number {
  using proof = new Proof(platform)
  return fastestOf(proof)
}

/** @throws HvError that says what failed */
export function measureTrap(platform: Platform): TrapTimes {
  using proof = new Proof(platform)
  const roundTripNs = fastestOf(proof)

  const before = platform.stats.listened
  const startNs = addon.monotonicNs()
  for (let i = 0; i < LISTENED; i++) proof.trap()
  const meanNs = (addon.monotonicNs() - startNs) / LISTENED
  const listened = platform.stats.listened - before > LISTENED / 2
  return {roundTripNs, listeningNs: listened ? meanNs : undefined}
}

function fastestOf(proof: Proof): number {
  let fastestNs = Number.POSITIVE_INFINITY
  for (let i = 0; i < STOPS; i++) fastestNs = Math.min(fastestNs, proof.trap())
  return fastestNs
}

/** A loop of getpid calls, each of which is answered. */
class Proof {
  readonly #platform: Platform
  readonly #space: AddressSpace
  readonly #context: Context
  readonly #code: number

  constructor(platform: Platform) {
    this.#platform = platform
    this.#context = platform.createContext()
    this.#space = platform.createSpace()
    this.#code = platform.memory.allocate(PAGE_SIZE)
    platform.memory.bytes.set(arch.callLoop, this.#code)
    this.#space.map(CODE_ADDRESS, PAGE_SIZE, this.#code, PROT_READ | PROT_EXEC)
    this.#space.commit()
    this.#context.writeRegisters(arch.initialRegisters(CODE_ADDRESS, 0))
  }

  /** @returns how long it took, nanoseconds. @throws HvError */
  trap(): number {
    const startNs = addon.monotonicNs()
    this.#platform.resume(this.#context, this.#space)
    const event = this.#platform.wait(startNs + PATIENCE_NS)
    if (event !== EVENT_SYSCALL || this.#context.callNumber !== arch.callLoopNumber)
      throw new HvError('VCPU_FAILED', `a system call in the guest gave event ${event} in place of a trap`)
    return addon.monotonicNs() - startNs
  }

  [Symbol.dispose](): void {
    this.#space.unmap(CODE_ADDRESS, PAGE_SIZE)
    this.#space.commit()
    this.#context.dispose()
    this.#space.dispose()
    this.#platform.memory.free(this.#code, PAGE_SIZE)
  }
}
