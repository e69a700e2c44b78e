// What hv check says of the VM API on this host is what the VM API does here; in beds, too.

import {expect, test} from 'vitest'
import {arch} from '../../../src/arch/index.ts'
import {checkHost} from '../../../src/check/check-host.ts'
import {Vm} from '../../../src/vm/vm.ts'
import type {VmOptions} from '../../../src/vm/vm-options.ts'
import {describeKvm} from '../../helpers/vm.ts'

const MEMORY = {memoryBytes: 0x100000, memoryBase: arch.name === 'arm64' ? 0x40000000 : 0}

function withVcpu(
  use: (cpu: ReturnType<Vm['createVcpu']>) => unknown,
  options: Partial<VmOptions> = {},
): void {
  using vm = Vm.create({...MEMORY, ...options})
  using cpu = vm.createVcpu()
  use(cpu)
}
const having = (options: Partial<VmOptions>) => () => withVcpu(() => {}, options)

const common: Record<string, () => unknown> = {
  'dirty rings': having({dirtyRing: 4096}),
  statistics: () => withVcpu((cpu) => cpu.statistics),
  'pre-faulting': () => withVcpu((cpu) => cpu.prefault(MEMORY.memoryBase, 0x1000)),
  userfaultfd: having({lazy: true}),
  'guest_memfd that the host maps': having({guestMemfd: true}),
  'private memory': having({type: 'sw-protected', guestMemfd: true}),
}
const uses: Record<string, () => unknown> =
  arch.name === 'arm64'
    ? {
        ...common,
        SVE: having({features: {sve: true}}),
        'pointer authentication': having({features: {pauth: true}}),
        'a PMU': having({features: {pmu: true}}),
        'memory tags': having({features: {mte: true}}),
        '32-bit EL1': having({features: {el1Is32Bit: true}}),
        'a counter offset': () => {
          using vm = Vm.create(MEMORY)
          vm.setCounterOffset(0n)
        },
      }
    : {
        ...common,
        'a split interrupt controller': having({irqchip: 'split'}),
        'system management mode': () => withVcpu((cpu) => cpu.smi(), {irqchip: true}),
        "Hyper-V's CPUID": () => withVcpu((cpu) => cpu.cpuid.showHyperV(), {irqchip: true}),
        "a nested guest's state": () => withVcpu((cpu) => cpu.part('nested').read()),
      }

function works(use: () => unknown): boolean {
  try {
    use()
    return true
  } catch {
    return false
  }
}

describeKvm('hv check', () => {
  test('says of each part of the VM API whether it works here', async () => {
    const {findings} = await checkHost()
    const {detail} = findings.find(({id}) => id === 'vm-features')!
    const has = /this host has: (.*)\. It lacks: /.exec(detail)![1].split(', ')
    const said = Object.fromEntries(Object.keys(uses).map((label) => [label, has.includes(label)]))
    const done = Object.fromEntries(Object.entries(uses).map(([label, use]) => [label, works(use)]))
    expect(said).toEqual(done)
  })
})
