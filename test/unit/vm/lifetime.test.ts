// Lifetimes: nothing is left of a disposed VM, of a forgotten one, or of one whose worker ended.

import {execFileSync} from 'node:child_process'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {Worker} from 'node:worker_threads'
import {expect, test} from 'vitest'
import {Vm} from '../../../src/vm/vm.ts'
import {collect} from '../../helpers/collect.ts'
import {guest} from '../../helpers/guest-code.ts'
import {
  addVcpu,
  codeOf,
  describeKvm,
  MEMORY_BYTES,
  residentBytes,
  standingBefore,
  vmDescriptors,
} from '../../helpers/vm.ts'

const {stop, stopKind, spin} = guest
/** Free memory. */
const FREE = guest.at + 0x10000
/** A bed asks for fewer: each takes a hundred times as long there. */
const VMS = Number(process.env.HV_TEST_VMS ?? 1000)
/** Each VM touches this much, so that leaked ones would add up to 64 MiB. */
const TOUCHED_BYTES = Math.ceil((64 << 20) / VMS / 4096) * 4096
/** /dev/kvm, the VM, its vCPU. */
const DESCRIPTORS_OF_ONE = 3
const NOISE_BYTES = 16 << 20

/** Finalizers run in turns of the event loop. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    collect()
    await sleep(5)
  }
}

/** On a slow machine a finalizer may need more turns; a leak stays however often one looks. */
const POLL = {timeout: 10_000}

async function descriptorsInUse(): Promise<number> {
  await settle()
  return vmDescriptors()
}

async function useVm(isAsync: boolean): Promise<void> {
  using vm = Vm.create({memoryBytes: MEMORY_BYTES, memoryBase: guest.memoryBase})
  vm.memory.view(FREE, TOUCHED_BYTES).fill(1)
  const vcpu = addVcpu(vm, 0, stop)
  const exit = isAsync ? await vcpu.runAsync() : vcpu.run()
  expect(exit.kind).toBe(stopKind)
}

describeKvm(`after ${VMS} VMs`, () => {
  test('descriptors and resident memory are back where they were', async () => {
    for (let i = 0; i < 50; i++) await useVm(i % 10 === 0)
    await settle()
    const before = {descriptors: vmDescriptors(), bytes: residentBytes()}
    // Every tenth also has a thread.
    for (let i = 0; i < VMS; i++) await useVm(i % 10 === 0)
    // There may be fewer, as earlier tests were still ending, and one VM may still be going; a leak would show as many as ran.
    await expect.poll(descriptorsInUse, POLL).toBeLessThanOrEqual(before.descriptors + DESCRIPTORS_OF_ONE)
    expect(residentBytes() - before.bytes).toBeLessThan(NOISE_BYTES)
  })
})

describeKvm('a VM that nobody disposes of', () => {
  test('is freed by the garbage collector, descriptors and memory', async () => {
    await settle()
    const before = {descriptors: vmDescriptors(), bytes: residentBytes()}
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 10; i++) {
        const {vm, vcpu} = standingBefore(stop)
        vm.memory.view(FREE, 0x80000).fill(1)
        // The listener holds on to the VM.
        vm.ioeventfd({space: 'memory', address: 0x20000000}, () => vm.memory)
        vcpu.run()
      }
      await settle()
    }
    // The interpreter's stack may still hold the last one.
    await expect.poll(descriptorsInUse, POLL).toBeLessThanOrEqual(before.descriptors + DESCRIPTORS_OF_ONE)
    expect(residentBytes() - before.bytes).toBeLessThan(NOISE_BYTES)
  })

  test('leaves its memory to a view that is still held', async () => {
    const view = (() => {
      const {vm} = standingBefore(stop)
      return vm.memory.view(guest.at, 1)
    })()
    await settle()
    expect(view[0]).toBe(stop[0])
    view[0] = 1
    expect(view[0]).toBe(1)
  })

  test('keeps running while its run is awaited', async () => {
    const ended = (() => {
      const {vcpu} = standingBefore(spin)
      return vcpu.runAsync(AbortSignal.timeout(100))
    })()
    await settle()
    expect((await ended).kind).toBe('interrupted')
  })
})

describeKvm('a VM whose vCPUs come and go', () => {
  test('says VCPU_FAILED when KVM makes no further vCPU', () => {
    using vm = Vm.create({memoryBytes: MEMORY_BYTES})
    const create = () => {
      for (let i = 0; i < 10_000; i++) vm.createVcpu()[Symbol.dispose]()
    }
    expect(codeOf(create)).toBe('VCPU_FAILED')
  })
})

describeKvm('a vCPU that runs', () => {
  const helper = fileURLToPath(new URL('../../helpers/spin.mjs', import.meta.url))

  test('ends with its worker, and the process lives on', async () => {
    const before = vmDescriptors()
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(helper)
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    }
    // A worker's descriptors close after terminate(), late on a slow machine.
    await expect.poll(vmDescriptors, {timeout: 30_000}).toBeLessThanOrEqual(before)
  })

  test('does not keep process.exit from ending the process', () => {
    expect(execFileSync(process.execPath, [helper, 'exit'], {encoding: 'utf8', timeout: 20_000})).toBe(
      'runs\n',
    )
  })
})
