// makeVm: the VM of a kernel's machine, with its memory and vCPUs.

import {Vm} from '../../vm/vm.ts'
import {type MemoryPiece, memoryPieces, slotsOf} from '../boot/memory-pieces.ts'
import {machine} from '../host-machine.ts'
import {requireCpus} from './kernel-options.ts'

/** @returns the VM, and its memory besides the first piece. @throws HvError */
export function makeVm(memoryBytes: number, cpus: number): {vm: Vm; highMemory: MemoryPiece | undefined} {
  const {lowBytes, high} = memoryPieces(memoryBytes)
  const {memoryBase} = machine
  const vm = Vm.create({memoryBytes: lowBytes, memoryBase, irqchip: true, hugePages: true})
  try {
    requireCpus(vm.irqchip!.kind, cpus)
    for (const slot of high === undefined ? [] : slotsOf(high)) vm.addMemory({...slot, hugePages: true})
    for (let index = 0; index < cpus; index++) vm.createVcpu(machine.vcpuOptions(index))
    return {vm, highMemory: high}
  } catch (error) {
    vm[Symbol.dispose]()
    throw error
  }
}
