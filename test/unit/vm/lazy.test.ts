// Lazy memory: a worker fills a page when a guest, or this process, touches it first.

import {once} from 'node:events'
import {closeSync, mkdtempSync, openSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {isMainThread, Worker} from 'node:worker_threads'
import {afterEach, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {HvError} from '../../../src/errors.ts'
import {type MissingPages, servePages} from '../../../src/vm/serve-pages.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

const page = addon.pageBytes
const memoryBytes = 64 * page
const memoryBase = guest.memoryBase
const stored = guest.at + 2 * page
const make = (): Vm => Vm.create({memoryBytes, memoryBase, lazy: true})
/** Where the host does not let this user handle faults, each of these tests sees that said. */
const canBeLazy = codeOf(() => make()[Symbol.dispose]()) === 'nothing was thrown'
const lazily = (name: string, body: () => unknown): void =>
  test(name, canBeLazy ? body : () => expect(codeOf(make)).toBe('HOST_SYSCALL'))

const image = new Uint8Array(new SharedArrayBuffer(memoryBytes))
const asked = new Int32Array(new SharedArrayBuffer(4))
const workers: Worker[] = []
/** @returns what the worker says: `serves`, or an error's code */
async function serve(missing: MissingPages | undefined): Promise<string> {
  const worker = new Worker(new URL('../../helpers/page-source.mjs', import.meta.url), {
    workerData: {missing, image, asked},
  })
  workers.push(worker)
  return (await once(worker, 'message'))[0]
}

describeKvm('lazy memory', () => {
  afterEach(async () => {
    asked[0] = 0
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
  })

  lazily('makes a guest go on from a state and an image, page by page', async () => {
    using before = Vm.create({memoryBytes, memoryBase})
    const code = guest.repeat([...guest.increment(stored), ...guest.stop])
    const standing = guest.start(before, guest.at, code, {})
    standing.run()
    image.set(before.memory.view(memoryBase, memoryBytes))
    using vm = make()
    expect(await serve(vm.memory.missing)).toBe('serves')
    const vcpu = vm.createVcpu()
    vcpu.restore(standing.save())
    expect(vcpu.run().kind).toBe(guest.stopKind)
    expect((await vcpu.runAsync()).kind).toBe(guest.stopKind)
    const touched = asked[0]
    expect(touched).toBeGreaterThan(0)
    expect(touched).toBeLessThan(memoryBytes / page / 2)
    // This thread waits, too.
    expect(vm.memory.read(stored, 1)).toEqual(Uint8Array.of(3))
    image[32 * page] = 42
    expect(vm.memory.read(memoryBase + 32 * page, 1)).toEqual(Uint8Array.of(42))
    expect(asked[0]).toBe(touched! + 1)
  })

  lazily('is saved as a whole, and restored as any other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-lazy-'))
    try {
      using vm = make()
      await serve(vm.memory.missing)
      image.fill(0).set([7], 5 * page)
      await vm.memory.populate(memoryBase, 2 * page)
      expect(asked[0]).toBe(2)
      vm.save(join(folder, 'saved'))
      using restored = Vm.restore(join(folder, 'saved'))
      expect(restored.memory.missing).toBeUndefined()
      expect(restored.memory.read(memoryBase + 5 * page, 1)).toEqual(Uint8Array.of(7))
    } finally {
      rmSync(folder, {recursive: true})
    }
  })

  lazily('that nobody fills keeps no VM from its end', async () => {
    using vm = make()
    const vcpu = vm.createVcpu()
    if (process.arch === 'x64') vcpu.registers.set({'cs.base': 0n, 'cs.selector': 0n, rip: BigInt(guest.at)})
    else vcpu.registers.set({pc: BigInt(guest.at)})
    const run = vcpu.runAsync()
    await new Promise((resolve) => setTimeout(resolve, 20))
    vm[Symbol.dispose]()
    expect(await run).toEqual({kind: 'interrupted'})
  })

  lazily('of a slot that is gone is not served', async () => {
    using vm = make()
    const slot = vm.addMemory({address: memoryBase + 2 ** 26, bytes: 2 * page, lazy: true})
    expect(await serve(slot.missing)).toBe('serves')
    expect(vm.memory.read(slot.address, 1)).toEqual(image.slice(0, 1))
    slot[Symbol.dispose]()
    expect(await serve(slot.missing)).toBe('BAD_ARGUMENT')
    expect(await serve({...slot.missing!, fd: 0})).toBe('BAD_ARGUMENT')
  })

  lazily('is not served by its own thread, which may wait for it', () => {
    using vm = make()
    const {missing} = vm.memory
    expect(codeOf(() => servePages(missing!, () => undefined))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => servePages({...missing!, bytes: -1}, () => undefined))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => servePages({} as MissingPages, () => undefined))).toBe('BAD_ARGUMENT')
  })

  lazily('is anonymous, and not released', () => {
    using vm = make()
    const slot = {address: memoryBase + 2 ** 26, bytes: 2 ** 21, lazy: true}
    const file = openSync('/dev/zero', 'r+')
    expect(codeOf(() => vm.addMemory({...slot, file}))).toBe('BAD_ARGUMENT')
    closeSync(file)
    expect(codeOf(() => vm.addMemory({...slot, hugePages: '2M'}))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => vm.addMemory({...slot, address: memoryBase}))).toBe('MEMORY_SIZE')
    const added = vm.addMemory(slot)
    expect(codeOf(() => added.release(slot.address, page))).toBe('BAD_ARGUMENT')
    expect(vm.memory.discard(vm.memory.view(slot.address, page))).toBe(0)
  })

  // A worker cannot change the process's user.
  test.runIf(process.getuid?.() === 0 && isMainThread)(
    'wants a user who may handle faults of the kernel',
    () => {
      using vm = Vm.create({memoryBytes, memoryBase})
      let denied: unknown
      process.seteuid?.(65534)
      try {
        vm.addMemory({address: memoryBase + 2 ** 26, bytes: page, lazy: true})
      } catch (error) {
        denied = error
      } finally {
        process.seteuid?.(0)
      }
      expect(denied).toBeInstanceOf(HvError)
      expect(denied).toMatchObject({
        code: 'HOST_SYSCALL',
        nextStep: expect.stringContaining('/dev/userfaultfd'),
      })
    },
  )
})
