// Parts of state: KVM's state of a vCPU or of a VM, as bytes by name, in the order in which they are restored.

import {EOPNOTSUPP} from '../../abi/errno.ts'
import {addon} from '../../addon.ts'
import {arch} from '../../arch/index.ts'
import {badArgument, HvError, printable} from '../../errors.ts'
import * as takes from '../../options.ts'
import type {NativeVcpu, NativeVm} from '../addon.ts'
import {type Failure, orThrow} from '../open-error.ts'

/** Bytes by part name. */
export type Parts = Record<string, Uint8Array>

/** All of a vCPU's state. The content of each part is KVM's; README.md of src/vm names the parts. @see {@link Vcpu.save} */
export interface VcpuState {
  readonly architecture: 'x86_64' | 'arm64'
  readonly parts: Readonly<Record<string, Uint8Array>>
}

const vcpuState = takes.options({
  architecture: takes.oneOf(['x86_64', 'arm64']),
  parts: takes.record(takes.anyText, takes.bytes, 'an object of parts and their bytes'),
})

/** Something with parts: their names, and how to read and write one by its index. */
export interface Owner {
  names: readonly string[]
  read(index: number): Uint8Array
  write(index: number, bytes: Uint8Array): void
}

export const vcpuParts = (native: NativeVcpu): Owner => ({
  names: addon.vcpuParts,
  read: (index) => addon.readVcpuPart(native, index),
  write: (index, bytes) => addon.writeVcpuPart(native, index, bytes),
})

export const vmParts = (native: NativeVm): Owner => ({
  names: addon.vmParts,
  read: (index) => addon.readVmPart(native, index),
  write: (index, bytes) => addon.writeVmPart(native, index, bytes),
})

/** @throws HvError VCPU_FAILED */
export const readVcpu = (native: NativeVcpu): VcpuState => ({
  architecture: arch.name,
  parts: read(vcpuParts(native)),
})

/** @throws HvError VCPU_FAILED */
export const readVm = (native: NativeVm): Parts => read(vmParts(native))

/** @throws HvError BAD_ARGUMENT */
export function checkState(state: VcpuState): VcpuState {
  const checked = takes.checked(vcpuState, state, 'state')
  const {architecture} = checked
  if (architecture !== arch.name) {
    throw badArgument(`the state is of ${architecture}, and this host is ${arch.name}`)
  }
  return checked
}

/** @throws HvError BAD_ARGUMENT; some parts may already be written then */
export const writeVcpu = (native: NativeVcpu, {parts}: VcpuState): void => write(vcpuParts(native), parts)

/** @throws HvError BAD_ARGUMENT; some parts may already be written then */
export const writeVm = (native: NativeVm, parts: Parts): void => write(vmParts(native), parts)

function read(owner: Owner): Parts {
  const parts: Parts = {}
  for (const name of owner.names) {
    const bytes = readPart(owner, name)
    if (bytes.length > 0) parts[name] = bytes
  }
  return parts
}

/** Empty when there is no such part here. @throws HvError VCPU_FAILED */
export function readPart({names, read}: Owner, name: string): Uint8Array {
  return orThrow(
    () => read(names.indexOf(name)),
    (cause) => new HvError('VCPU_FAILED', `KVM does not give ${name}: ${cause.message}`, '', {cause}),
  )
}

/** @throws HvError BAD_ARGUMENT, KVM_UNUSABLE */
export function writePart({names, write}: Owner, name: string, bytes: Uint8Array): void {
  orThrow(
    () => write(names.indexOf(name), bytes),
    (cause) => refusal(name, cause),
  )
}

function write(owner: Owner, parts: Parts): void {
  const unknown = Object.keys(parts).find((name) => !owner.names.includes(name))
  if (unknown !== undefined)
    throw bad(`the state has a part ${printable(unknown.slice(0, 40))}, which hv does not know`)
  for (const [index, name] of owner.names.entries()) {
    if (Object.hasOwn(parts, name)) writePart(owner, name, parts[name])
    // Fine if this host's KVM has no such part either, or the VM has no interrupt controller.
    else if (owner.read(index).length > 0) throw bad(`the state has no part ${name}`)
  }
}

/** Why KVM does not take the part. */
function refusal(name: string, cause: Failure): HvError {
  const {message, errno} = cause
  if (errno === undefined) return bad(`part ${name} is none of this host's: ${message}`, {cause})
  const nextStep = 'restore it where KVM and the processor are as they were'
  if (errno === EOPNOTSUPP) return new HvError('KVM_UNUSABLE', message, nextStep, {cause})
  return badArgument(`KVM refuses part ${name}: ${message}`, nextStep, {cause})
}

const bad = (message: string, options: ErrorOptions = {}): HvError =>
  badArgument(message, 'give what `save` made on such a host', options)
