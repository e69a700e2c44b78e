// Huge pages: transparent ones, which are a hint, and those of a size, which the host has set aside.

import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {HvError} from '../../../src/errors.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

const MIB = 2 ** 20
const hasTransparent = existsSync('/sys/kernel/mm/transparent_hugepage')
const pool = (file: string): string => `/sys/kernel/mm/hugepages/hugepages-2048kB/${file}`
/** 0 where the host has pages of other sizes alone. */
const free = (): number =>
  existsSync(pool('free_hugepages')) ? Number(readFileSync(pool('free_hugepages'), 'utf8')) : 0
const isSettled = existsSync(pool('free_hugepages'))

/** This process's mappings: proc_pid_smaps(5). */
const mappings = (): string[] => readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
/** Addresses of those for which transparent ones were asked. */
const advised = (): number[] =>
  mappings()
    .filter((text) => /^VmFlags:.* hg\b/m.test(text))
    .map((text) => Number.parseInt(text, 16))

const memoryBase = guest.memoryBase

describeKvm('huge pages', () => {
  test.skipIf(!hasTransparent)(
    'are asked for where the memory can have them, for a VM and for a slot',
    () => {
      const before = advised()
      const [size, end] = [6 * MIB + addon.pageBytes, memoryBase + 16 * MIB]
      using vm = Vm.create({memoryBytes: size, memoryBase, hugePages: true})
      vm.addMemory({address: end, bytes: size, hugePages: 'transparent'})
      vm.addMemory({address: 2 * end, bytes: size})
      const asked = advised().filter((mapping) => !before.includes(mapping))
      expect(asked.map((mapping) => mapping % (2 * MIB))).toEqual([0, 0])
    },
  )

  test('of a size are taken at once, or the error says how the host gets more', () => {
    const count = free() || 1
    const make = (memoryBytes: number): Vm => Vm.create({memoryBytes, memoryBase, hugePages: '2M'})
    const tooMany = (): unknown => make((count + 1) * 2 * MIB)
    if (!isSettled) return expect(codeOf(tooMany)).toBe('HOST_SYSCALL')
    expect(codeOf(tooMany)).toBe('OUT_OF_MEMORY')
    expect(nextStepOf(tooMany)).toContain(pool('nr_hugepages'))
    if (free() === 0) return
    const before = free()
    {
      using vm = make(2 * MIB)
      expect(mappings().filter((text) => /^KernelPageSize: +2048 kB/m.test(text))).toHaveLength(1)
      const page = guest.at + 2 * addon.pageBytes
      const vcpu = guest.start(vm, guest.at, guest.repeat([...guest.store(page, 7), ...guest.stop]), {})
      expect(vcpu.run().kind).toBe(guest.stopKind)
      expect(vm.memory.read(page, 1)).toEqual(Uint8Array.of(7))
      const folder = mkdtempSync(join(tmpdir(), 'hv-huge-'))
      vm.save(join(folder, 'saved'))
      vm[Symbol.dispose]()
      using restored = Vm.restore(join(folder, 'saved'))
      rmSync(folder, {recursive: true})
      expect(restored.memory.read(page, 1)).toEqual(Uint8Array.of(7))
      expect(free()).toBe(before - 1)
    }
    expect(free()).toBe(before)
  })

  test.runIf(isSettled)('of a slot go back to the host', () => {
    if (free() < 1) return
    using vm = Vm.create({memoryBytes: 4 * addon.pageBytes, memoryBase})
    const address = memoryBase + 16 * MIB
    const slot = vm.addMemory({address, bytes: 2 * MIB, hugePages: '2M'})
    vm.memory.write(address, Uint8Array.of(1))
    const before = free()
    slot.release(address, 2 * MIB)
    expect([free(), vm.memory.read(address, 1)]).toEqual([before + 1, Uint8Array.of(0)])
  })

  test('of a size have whole pages, and no file', () => {
    const make = (options: object) => (): unknown => Vm.create({memoryBytes: 2 * MIB, memoryBase, ...options})
    expect(codeOf(make({memoryBytes: MIB, hugePages: '2M'}))).toBe('MEMORY_SIZE')
    expect(codeOf(make({hugePages: '3M'}))).toBe('BAD_ARGUMENT')
    expect(codeOf(make({hugePages: 2048}))).toBe('BAD_ARGUMENT')
    expect(codeOf(make({hugePages: '16G'}))).toBe('MEMORY_SIZE')
    using vm = Vm.create({memoryBytes: 2 * MIB, memoryBase})
    const slot = {address: memoryBase + 16 * MIB, bytes: 2 * MIB, hugePages: '2M'} as const
    expect(codeOf(() => vm.addMemory({...slot, file: 0}))).toBe('BAD_ARGUMENT')
  })
})

function nextStepOf(body: () => unknown): string {
  try {
    body()
  } catch (error) {
    if (error instanceof HvError) return error.nextStep
  }
  return ''
}
