// A Cpu whose program runs on while the sentry's thread is held up right after its answer.

import {afterEach, expect, test, vi} from 'vitest'
import type {NativeCpu} from '../../../src/platform/kvm/addon.ts'
import {KvmCpu} from '../../../src/platform/kvm/cpu.ts'
import {ShownRegion} from '../../../src/platform/memory-file.ts'
import {EVENT_SYSCALL} from '../../../src/platform/platform.ts'
import {ANSWERED, REQUEST, STATE, STOPPED} from '../../../src/platform/trap-words.ts'

const RECORD_OFFSET = 4096
const LOOKS = 7

afterEach(() => {
  vi.restoreAllMocks()
})

function start() {
  const supervisor = new ArrayBuffer(2 * 4096)
  const post = vi.fn()
  const native = {frameOffset: 0, recordOffset: RECORD_OFFSET, post, startRunner() {}}
  const cpu = new KvmCpu(
    native as unknown as NativeCpu,
    new ShownRegion(supervisor.byteLength, supervisor.byteLength, () => supervisor),
  )
  cpu.useThread(LOOKS)
  const {store} = Atomics
  /** Lets the program act as soon as it has its answer. */
  const onAnswer = (act: () => void) =>
    vi.spyOn(Atomics, 'store').mockImplementation(((array: Int32Array, index: number, value: number) => {
      store(array, index, value)
      if (array === cpu.frame && index === STATE && value === ANSWERED) act()
      return value
    }) as typeof Atomics.store)
  return {cpu, post, onAnswer}
}

test('its next call, which it stopped for meanwhile, is found by polling, and not taken for the one that was answered', () => {
  const {cpu, post, onAnswer} = start()
  cpu.frame[STATE] = REQUEST
  onAnswer(() => {
    cpu.frame[STATE] = REQUEST
    cpu.record[STOPPED] = EVENT_SYSCALL
  })
  expect(cpu.go(LOOKS)).toBe(false)
  expect(post).not.toHaveBeenCalled()
  expect(cpu.look()).toBe(EVENT_SYSCALL)
})

test('it goes on by its thread where it had stopped before', () => {
  const {cpu, post} = start()
  cpu.frame[STATE] = REQUEST
  cpu.record[STOPPED] = EVENT_SYSCALL
  expect(cpu.go(LOOKS)).toBe(true)
  expect(post).toHaveBeenCalledOnce()
})

test('it goes on by its thread where it gave up just before the answer', () => {
  const {cpu, post, onAnswer} = start()
  cpu.frame[STATE] = REQUEST
  onAnswer(() => {
    cpu.record[STOPPED] = EVENT_SYSCALL
  })
  expect(cpu.go(LOOKS)).toBe(false)
  expect(cpu.look()).toBe(0)
  expect(post).toHaveBeenCalledOnce()
})
