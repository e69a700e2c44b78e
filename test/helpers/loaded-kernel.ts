// What a kernel's file and its machine's parameters put into guest memory, as a list of writes: no VM is needed.

import {sourceOf} from '../../src/machine/boot/source.ts'
import {startLinux} from '../../src/machine/x86_64/linux.ts'

export interface LoadedKernel {
  /** Each with its guest physical address, in the order of writing. */
  readonly writes: readonly {address: number; bytes: Uint8Array}[]
  readonly registers: Record<string, bigint>
  /** Bytes of the last write that covers this address. */
  at(address: number, length: number): Buffer
}

export interface LoadOptions {
  memoryBytes?: number
  initrd?: Uint8Array
  commandLine?: string
  highMemory?: {address: number; bytes: number}
}

/** For x86_64. @throws HvError BAD_KERNEL; RangeError when it writes outside of memory */
export function loadKernel(kernel: Uint8Array, options: LoadOptions = {}): LoadedKernel {
  const {memoryBytes = 2 ** 28, initrd, commandLine = 'quiet', highMemory} = options
  const writes: {address: number; bytes: Uint8Array}[] = []
  const registers: Record<string, bigint> = {}
  let viewed: {address: number; bytes: Uint8Array} | undefined
  const require = (address: number, length: number): void => {
    if (!(Number.isSafeInteger(address) && address >= 0 && address + length <= memoryBytes))
      throw new RangeError(`${length} bytes at ${address}`)
  }
  const memory = {
    ...{base: 0, size: memoryBytes},
    view(address: number, length: number): Uint8Array {
      require(address, length)
      viewed = {address, bytes: new Uint8Array(length)}
      return viewed.bytes
    },
    publish(address: number, length: number): void {
      if (viewed?.address !== address || viewed.bytes.length !== length)
        throw new RangeError('not what was stored')
      writes.push(viewed)
    },
    write(address: number, bytes: Uint8Array): void {
      require(address, bytes.length)
      writes.push({address, bytes})
    },
  }
  const vcpu = {registers: {set: (values: object) => Object.assign(registers, values)}}
  const files = {kernel: sourceOf(kernel), initrd: initrd && sourceOf(initrd)}
  const start = {...files, commandLine, append: commandLine, devices: [], highMemory}
  startLinux({...start, vm: {memory, vcpus: [vcpu]}, vcpus: [vcpu]} as never)
  const at = (address: number, length: number): Buffer => {
    const found = writes.findLast(
      (write) => write.address <= address && address + length <= write.address + write.bytes.length,
    )
    if (found === undefined) throw new RangeError(`nothing was written at ${address}`)
    return Buffer.from(found.bytes.subarray(address - found.address, address - found.address + length))
  }
  return {writes, registers, at}
}
