// KvmPlatform: how contexts, Cpus and the platform end while others run, and that nothing is left of them.

import {readdirSync} from 'node:fs'
import {expect, onTestFinished, test} from 'vitest'
import {EFAULT} from '../../../src/abi/errno.ts'
import {addon} from '../../../src/addon.ts'
import {arch} from '../../../src/arch/index.ts'
import type {NativeWatcher} from '../../../src/platform/addon.ts'
import type {NativeUserVm} from '../../../src/platform/kvm/addon.ts'
import {KvmPlatform} from '../../../src/platform/kvm/kvm.ts'
import {type Context, EVENT_DEAD, EVENT_SYSCALL, type Platform} from '../../../src/platform/platform.ts'
import {HOST_ERROR, RECORD_WORDS, STOPPED} from '../../../src/platform/trap-words.ts'
import {withCosts} from '../../helpers/costs.ts'
import {awaitCount, inNs, LATE_NS, placeWith, runCounting, startAt} from '../../helpers/running-code.ts'
import {contextAt, expectKept, userCode} from '../../helpers/user-code.ts'
import {describeKvm} from '../../helpers/vm.ts'

const open = (cpus: number): Platform => withCosts(new KvmPlatform(1 << 24, cpus))

/** Descriptors and threads of this process. */
const held = (): number[] => ['/proc/self/fd', '/proc/self/task'].map((folder) => readdirSync(folder).length)

/** Node's pool has four threads, and each starts when it is needed. */
const OWN_OF_NODE = 4

/** Leftovers of earlier tests may go meanwhile. */
function expectNoMoreThan(before: readonly number[]): void {
  for (const [i, count] of held().entries()) expect(count).toBeLessThanOrEqual(before[i] + OWN_OF_NODE)
}

/** Opens a platform whose vCPUs, except the first, stop for good as soon as they should run, as after a triple fault. */
function openMortal(cpus: number): Platform {
  const {Cpu} = addon
  let made = 0
  class MortalCpu extends Cpu {
    readonly #record: Int32Array
    readonly #isMortal = made++ > 0

    constructor(vm: NativeUserVm, watcher: NativeWatcher) {
      super(vm, watcher)
      this.#record = new Int32Array(vm.showSupervisor(vm.supervisorBytes), this.recordOffset, RECORD_WORDS)
    }

    override post(): void {
      if (!this.#isMortal) super.post()
      this.#record[HOST_ERROR] = this.#isMortal ? EFAULT : 0
      if (this.#isMortal) Atomics.store(this.#record, STOPPED, EVENT_DEAD)
    }
  }
  addon.Cpu = MortalCpu
  onTestFinished(() => {
    addon.Cpu = Cpu
  })
  return open(cpus)
}

describeKvm('the end', () => {
  test('of a platform while programs run leaves no descriptor and no thread', () => {
    // The first platform may leave things that belong to the process.
    for (let i = 0; i < 2; i++) {
      using platform = open(4)
      runCounting(platform, 3)
    }
    const before = held()
    for (let i = 0; i <= OWN_OF_NODE; i++) {
      using platform = open(4)
      runCounting(platform, 3)
    }
    expectNoMoreThan(before)
  })

  test('of a context while it runs, and others, frees its Cpu and leaves them alone', () => {
    using platform = open(3)
    const [first] = runCounting(platform, 3).contexts
    const {space, data} = placeWith(platform, userCode.count)
    for (let i = 0, last = first; i < 20; i++) {
      last.dispose()
      last = startAt(platform)
      platform.resume(last, space)
      awaitCount(platform, data)
    }
  })

  test('500 contexts that sleep cost no descriptor and no thread', () => {
    const cpus = 2
    using platform = open(cpus)
    const {space} = placeWith(platform, [...arch.callLoop])
    const contexts: Context[] = []
    const add = (i: number): void => {
      const context = contextAt(platform, BigInt(i))
      platform.resume(context, space)
      expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_SYSCALL)
      contexts.push(context)
    }
    for (let i = 0; i < cpus; i++) add(i)
    const before = held()
    for (let i = cpus; i < 500; i++) add(i)
    // A Cpu gets its thread only when it needs one.
    const [descriptors, threads] = before
    expectNoMoreThan([descriptors, threads + cpus])
    for (const [i, context] of contexts.entries()) expectKept(context, BigInt(i))
  })

  test('of one processor is told of its context, and no other notices', () => {
    using platform = openMortal(2)
    const {space, data} = placeWith(platform, userCode.count)
    platform.resume(startAt(platform), space)
    for (let i = 0; i < 3; i++) {
      const context = startAt(platform)
      platform.resume(context, space)
      expect(platform.wait(inNs(LATE_NS))).toBe(EVENT_DEAD)
      expect(platform.trapped).toBe(context)
      expect(platform.death).toContain(`errno ${EFAULT}`)
      awaitCount(platform, data)
      context.dispose()
    }
  })
})
