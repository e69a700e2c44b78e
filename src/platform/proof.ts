// Proves that a platform can run guests, with a program in user mode whose system calls are answered here; and measures their cost.

import {addon} from '../addon.ts'
import {arch} from '../arch/index.ts'
import {HvError} from '../errors.ts'
import {ALWAYS_POLLING, type Costs} from './costs.ts'
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
/** Enough for the fastest of them to be undisturbed, and no more than a start should spend on it. */
const EXITS = 7
const POLLED = 64
const BUDGET_NS = 600_000
/** A new vCPU's first traps take ten times as long: the host builds its tables. */
const COLD = 2
const FEWEST = 3
/** More than the quick traps in a row after which a platform begins to poll. */
const STREAK = 16
/** For a mean that includes cold code. */
const MANY = 2000
/** A host that has not answered by then never will. */
const ANSWER_TIMEOUT_NS = 1e9

/**
 * Precondition: nothing runs. The platform uses the costs from then on.
 * @param wakeUpNs as in Costs; measured before a platform pinned this thread
 * @param handOverNs likewise; the cost of a polled call, for a platform that polls only for calls of patched call sites
 * @throws HvError that says what failed
 */
export function measureCosts(
  platform: Platform,
  wakeUpNs: number | undefined,
  handOverNs: number | undefined,
): Costs {
  using proof = new Proof(platform)
  const trapNs = fastestOf(EXITS, proof)
  const costs: Costs = {
    ...{trapNs, lookNs: addon.lookNs(), pageNs: addon.pageNs()},
    ...(wakeUpNs !== undefined && {wakeUpNs}),
  }
  if (wakeUpNs !== undefined) {
    platform.useCosts(ALWAYS_POLLING)
    for (let i = 0; i < STREAK && platform.stats.polled === 0; i++) proof.trap()
    const polledNs = platform.stats.polled > 0 ? fastestOf(POLLED, proof) : handOverNs
    if (polledNs !== undefined) costs.polledNs = polledNs
  }
  platform.useCosts(costs)
  return costs
}

/** @returns the mean nanoseconds of a system call and its answer, over many; undefined: the platform found fewer than most by polling */
export function meanPolled(platform: Platform): number | undefined {
  using proof = new Proof(platform)
  const before = platform.stats.polled
  const startNs = addon.monotonicNs()
  for (let i = 0; i < MANY; i++) proof.trap()
  const meanNs = (addon.monotonicNs() - startNs) / MANY
  return platform.stats.polled - before > MANY / 2 ? meanNs : undefined
}

function fastestOf(count: number, proof: Proof): number {
  for (let i = 0; i < COLD; i++) proof.trap()
  const endNs = addon.monotonicNs() + BUDGET_NS
  let fastestNs = Number.POSITIVE_INFINITY
  for (let i = 0; i < FEWEST || (i < count && addon.monotonicNs() < endNs); i++) {
    fastestNs = Math.min(fastestNs, proof.trap())
  }
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

  /** @returns how many nanoseconds it took. @throws HvError */
  trap(): number {
    const startNs = addon.monotonicNs()
    this.#platform.resume(this.#context, this.#space)
    const event = this.#platform.wait(startNs + ANSWER_TIMEOUT_NS)
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
