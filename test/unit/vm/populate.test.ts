// Memory that is backed, or mapped, before a guest touches it.

import {closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {addon} from '../../../src/addon.ts'
import {HvError} from '../../../src/errors.ts'
import {checkExtension} from '../../../src/vm/capabilities.ts'
import {Vm} from '../../../src/vm/vm.ts'
import {guest} from '../../helpers/guest-code.ts'
import {codeOf, describeKvm} from '../../helpers/vm.ts'

const page = addon.pageBytes
const [address, bytes] = [guest.memoryBase + 2 ** 26, 2 ** 25]
const codeOfAsync = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was thrown',
    (error) => (error instanceof HvError ? error.code : String(error)),
  )
/** KiB of this process's memory that come from a mapping of that size: proc_pid_smaps(5). */
function residentOf(size: number): number {
  const mappings = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const mapping = mappings.find((text) => text.includes(`\nSize: ${String(size / 1024).padStart(18)} kB`))
  return Number(mapping?.match(/^Rss: +(\d+) kB/m)?.[1])
}

describeKvm('memory that is populated', () => {
  let vm: Vm
  beforeEach(() => {
    vm = Vm.create({memoryBytes: 16 * page, memoryBase: guest.memoryBase})
  })
  afterEach(() => vm[Symbol.dispose]())

  test('is all backed by the host, and keeps what it holds', async () => {
    vm.addMemory({address, bytes})
    vm.memory.write(address + 5 * page, Uint8Array.of(7))
    expect(residentOf(bytes)).toBeLessThan(bytes / 1024 / 2)
    await vm.memory.populate(address, bytes)
    expect(residentOf(bytes)).toBe(bytes / 1024)
    expect(vm.memory.read(address + 5 * page, 1)).toEqual(Uint8Array.of(7))
  })

  test('and read-only stays the file’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hv-populate-'))
    const file = openSync(join(folder, 'file'), 'w+')
    try {
      ftruncateSync(file, 4 * page)
      vm.addMemory({address, bytes: 4 * page, file, readOnly: true})
      await vm.memory.populate(address, 4 * page)
      ftruncateSync(file, page)
      expect(await codeOfAsync(vm.memory.populate(address, 4 * page))).toBe('HOST_SYSCALL')
    } finally {
      closeSync(file)
      rmSync(folder, {recursive: true})
    }
  })

  test('is whole pages of one slot, while it lives', async () => {
    const slot = vm.addMemory({address, bytes})
    expect(await codeOfAsync(vm.memory.populate(address, bytes + page))).toBe('MEMORY_RANGE')
    expect(await codeOfAsync(vm.memory.populate(address + 1, page))).toBe('MEMORY_RANGE')
    const populated = codeOfAsync(vm.memory.populate(address, bytes))
    slot[Symbol.dispose]()
    expect(await populated).toBe('DISPOSED')
  })

  test('is mapped for a vCPU where KVM can', () => {
    const vcpu = vm.createVcpu()
    const map = (at: number, length: number): string => codeOf(() => vcpu.prefault(at, length))
    if (checkExtension('KVM_CAP_PRE_FAULT_MEMORY') === 0) {
      expect(map(guest.memoryBase, page)).toBe('KVM_UNUSABLE')
      return
    }
    const mapped = (): bigint => vm.statistics.pages_4k.values[0]!
    const before = mapped()
    vcpu.prefault(guest.memoryBase, 16 * page)
    expect(mapped() - before).toBe(16n)
    expect(map(guest.memoryBase, 17 * page)).toBe('MEMORY_RANGE')
    expect(map(guest.memoryBase + 1, page)).toBe('MEMORY_RANGE')
    expect(map(-1, page)).toBe('BAD_ARGUMENT')
    vcpu[Symbol.dispose]()
    expect(map(guest.memoryBase, page)).toBe('DISPOSED')
  })
})
