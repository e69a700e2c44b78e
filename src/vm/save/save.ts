// Saves a VM to a file, and restores one from it: what is kept, and the order of restoring.

import {arch} from '../../arch/index.ts'
import {badArgument, HvError} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {NativeVm} from '../addon.ts'
import type {MemorySlot} from '../memory-slot.ts'
import type {MemorySlotOptions} from '../memory-slot-options.ts'
import type {MemoryTags} from '../memory-tags.ts'
import type {VmOptions} from '../vm-options.ts'
import type {Read, Write} from './file.ts'
import {
  type Description,
  decodeDescription,
  decodePrefix,
  encode,
  invalid,
  PREFIX_BYTES,
  type SavedVcpu,
} from './format.ts'
import {mapApart, readMemory, writeApart, writeEnd, writeMemory} from './memory.ts'
import {type SaveOptions, saveOptions} from './options.ts'
import {type Parts, readVm, type VcpuState, writeVm} from './parts.ts'
import {readTags, writeTags} from './tags.ts'

/** What a VM hands over to be saved. */
interface VmToSave {
  native: NativeVm
  options: Omit<Required<VmOptions>, 'lazy' | 'type'>
  slots: readonly MemorySlot[]
  tags: MemoryTags
  vcpus: readonly (Omit<SavedVcpu, 'parts'> & {state: VcpuState})[]
}

/** What restoring needs of the new VM. */
export interface VmToRestore {
  native: NativeVm
  slots: readonly MemorySlot[]
  tags: MemoryTags
  addMemory(options: MemorySlotOptions): unknown
  /** Makes a vCPU with that number, to be given its state. */
  addVcpu(saved: SavedVcpu): {restore(state: VcpuState): void}
}

export function saveVm(write: Write, vm: VmToSave, options: SaveOptions): void {
  const {memory} = takes.checked(saveOptions, options, 'options')
  if (memory !== undefined && vm.options.features.mte)
    throw badArgument('memory with tags cannot be mapped from a file', 'save it without `memory`')
  if (memory !== undefined && vm.slots.some(({kind}) => kind.guestMemfd))
    throw badArgument('a guest_memfd cannot be mapped from another file', 'save it without `memory`')
  const parts = readVm(vm.native)
  const description: Description = {
    architecture: arch.name,
    options: vm.options,
    slots: vm.slots.map(({address, bytes, kind}) => ({address, bytes, ...kind})),
    vcpus: vm.vcpus.map(({id, startsOff, state}) => ({id, startsOff, parts: lengthsOf(state.parts)})),
    memoryApart: memory !== undefined,
    parts: lengthsOf(parts),
  }
  write(encode(description))
  for (const {state} of vm.vcpus) for (const bytes of Object.values(state.parts)) write(bytes)
  for (const bytes of Object.values(parts)) write(bytes)
  if (memory === undefined) {
    writeMemory(write, vm.slots)
  } else {
    writeApart(memory, vm.slots)
    writeEnd(write)
  }
  if (vm.options.features.mte) writeTags(write, vm.tags, vm.slots)
}

const lengthsOf = (parts: Parts): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, bytes.length]))

/** @throws HvError SAVE_INVALID */
export function readDescription(read: Read): Description {
  const prefix = new Uint8Array(PREFIX_BYTES)
  read(prefix)
  const json = new Uint8Array(decodePrefix(prefix))
  read(json)
  const description = decodeDescription(json)
  if (description.architecture !== arch.name) {
    throw invalid(`it is of ${description.architecture}, and this host is ${arch.name}`, 'use such a host')
  }
  return description
}

/**
 * Memory first, because the vCPUs' state may refer to it; then vCPUs; then the interrupt controller, which refers to them.
 * @throws HvError: see {@link defectOf}
 */
export function restoreVm(read: Read, description: Description, vm: VmToRestore, options: SaveOptions): void {
  const {memory} = takes.checked(saveOptions, options, 'options')
  if (description.memoryApart !== (memory !== undefined)) {
    const place = description.memoryApart ? 'a file of its own, which `memory` names' : 'this file'
    throw badArgument(`the saved VM's memory is in ${place}`)
  }
  const states = description.vcpus.map((saved) => readParts(read, saved.parts))
  const parts = readParts(read, description.parts)
  for (const slot of description.slots.slice(1)) vm.addMemory(slot)
  if (memory !== undefined) mapApart(memory, vm.slots)
  readMemory(read, vm.slots, description.slots)
  if (description.options.features.mte) readTags(read, vm.tags, vm.slots, description.slots)
  const vcpus = description.vcpus.map((saved) => vm.addVcpu(saved))
  for (const [index, vcpu] of vcpus.entries())
    vcpu.restore({architecture: description.architecture, parts: states[index]})
  writeVm(vm.native, parts)
}

function readParts(read: Read, lengths: Record<string, number>): Parts {
  const parts: Parts = Object.create(null)
  for (const [name, length] of Object.entries(lengths)) {
    parts[name] = new Uint8Array(length)
    read(parts[name])
  }
  return parts
}

/** Turns an error about an argument that came from the file into a defect of the file. */
export function defectOf(error: unknown): unknown {
  const isOfArgument =
    error instanceof HvError && /^(BAD_ARGUMENT|MEMORY_SIZE|MEMORY_RANGE)$/.test(error.code)
  return isOfArgument ? invalid(error.message, error.nextStep, {cause: error}) : error
}
