// KvmPlatform: a storm of calls, faults, interruptions, edits and forks over few Cpus, in which no context loses anything.

import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {
  type AddressSpace,
  type Context,
  EVENT_DEADLINE,
  EVENT_FAULT,
  EVENT_PREEMPTED,
  EVENT_SYSCALL,
  type EventKind,
  PAGE_SIZE,
  type Platform,
  PROT_EXEC,
  PROT_READ,
} from '../../../src/platform/platform.ts'
import {withCosts} from '../../helpers/costs.ts'
import {type Random, seededRandom} from '../../helpers/mutate.ts'
import {inNs, LATE_NS} from '../../helpers/running-code.ts'
import {CODE_ADDRESS, contextAt, expectKept, spaceWith, storeCode} from '../../helpers/user-code.ts'
import {describeKvm} from '../../helpers/vm.ts'

const TURNS = 1000
const CONTEXTS = 7
const SPACES = 3

class Storm {
  readonly #platform: Platform
  readonly #random: Random
  readonly #code: number
  readonly #spaces: AddressSpace[]
  readonly #seeds = new Map<Context, bigint>()
  readonly #homes = new Map<Context, AddressSpace>()
  readonly #idle: Context[] = []
  readonly #running: Context[] = []
  readonly seen = new Map<EventKind, number>()

  constructor(platform: Platform, seed: number) {
    this.#platform = platform
    this.#random = seededRandom(seed)
    this.#code = storeCode(platform, arch.callLoop)
    this.#spaces = Array.from({length: SPACES}, () => spaceWith(platform, this.#code))
    for (let i = 0; i < CONTEXTS; i++) this.#add(this.#spaces[i % SPACES])
  }

  turn(): void {
    while (this.#running.length < this.#platform.cpus && this.#idle.length > 0) this.#resume()
    const pick = this.#random(12)
    if (pick === 0) this.#platform.interrupt(this.#one(this.#running))
    if (pick === 1) this.#takeCode()
    if (pick === 2) this.#replace()
    if (pick === 3) this.#fork()
    if (this.#running.length > 0) this.#event()
  }

  check(): void {
    for (const context of [...this.#running]) this.#stop(context)
    for (const [context, seed] of this.#seeds) expectKept(context, seed)
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#random(list.length)]
  }

  #add(home: AddressSpace): void {
    const seed = BigInt(this.#random(2 ** 24)) << 8n
    const context = contextAt(this.#platform, seed)
    this.#seeds.set(context, seed)
    this.#homes.set(context, home)
    this.#idle.push(context)
  }

  #resume(): void {
    const context = this.#idle.splice(this.#random(this.#idle.length), 1)[0]
    this.#platform.resume(context, this.#homes.get(context)!)
    this.#running.push(context)
  }

  #stop(context: Context): void {
    this.#platform.stop(context)
    this.#running.splice(this.#running.indexOf(context), 1)
    this.#idle.push(context)
  }

  /** A context that runs there faults, and finds the code again at its next turn. */
  #takeCode(): void {
    const space = this.#one(this.#spaces)
    space.unmap(CODE_ADDRESS, PAGE_SIZE)
    space.commit()
    space.map(CODE_ADDRESS, PAGE_SIZE, this.#code, PROT_READ | PROT_EXEC)
    space.commit()
  }

  #replace(): void {
    const context = this.#one(this.#running)
    this.#stop(context)
    this.#idle.pop()
    expectKept(context, this.#seeds.get(context)!)
    context.dispose()
    this.#add(this.#homes.get(context)!)
    this.#seeds.delete(context)
  }

  #fork(): void {
    const index = this.#random(SPACES)
    const parent = this.#spaces[index]
    const child = parent.fork()
    for (const context of [...this.#running]) if (this.#homes.get(context) === parent) this.#stop(context)
    for (const [context, home] of this.#homes) if (home === parent) this.#homes.set(context, child)
    this.#spaces[index] = child
    parent.dispose()
  }

  #event(): void {
    const event = this.#platform.wait(inNs(LATE_NS))
    this.seen.set(event, (this.seen.get(event) ?? 0) + 1)
    expect([EVENT_SYSCALL, EVENT_FAULT, EVENT_PREEMPTED]).toContain(event)
    const {trapped} = this.#platform
    this.#running.splice(this.#running.indexOf(trapped), 1)
    this.#idle.push(trapped)
    if (event === EVENT_SYSCALL) {
      expect(trapped.callNumber).toBe(arch.callLoopNumber)
      trapped.setResult(this.#random(1000))
    }
    if (event === EVENT_FAULT)
      expect(trapped.fault.address - (trapped.fault.address % PAGE_SIZE)).toBe(CODE_ADDRESS)
    if (this.#random(20) === 0) expectKept(trapped, this.#seeds.get(trapped)!)
  }
}

describeKvm('a storm', () => {
  test.for([1, 2, 3, 5])('over %i Cpus leaves every context what it had', (cpus) => {
    using platform: Platform = withCosts(new KvmPlatform(1 << 24, cpus))
    const storm = new Storm(platform, cpus)
    for (let turn = 0; turn < TURNS; turn++) storm.turn()
    storm.check()
    expect(storm.seen.get(EVENT_SYSCALL)).toBeGreaterThan(TURNS / 2)
    expect(storm.seen.has(EVENT_DEADLINE)).toBe(false)
  })
})
