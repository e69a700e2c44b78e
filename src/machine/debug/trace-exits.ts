// traceExits: the trace of a machine's exits, with the bytes at the instruction's address.

import {arch} from '../../arch/index.ts'
import {programCounter} from '../../vm/exit-trace.ts'
import type {Vm} from '../../vm/vm.ts'
import {GuestVirtual} from './guest-virtual.ts'

/** arm64's instructions have 4 bytes; those of x86_64 up to 15, and few have more than 8. */
const SHOWN_BYTES = arch.name === 'arm64' ? 4 : 8

/** @param put gets each line @returns the trace, which writes what is left when it is disposed of */
export function traceExits(vm: Vm, put: (line: string) => void): Disposable {
  const memory = new GuestVirtual(vm.memory)
  return vm.trace((line, vcpu) => {
    if (vcpu === undefined) return put(line)
    const bytes = memory.read(vcpu, programCounter(vcpu), SHOWN_BYTES)
    put(bytes.length > 0 ? `${line} [${Buffer.from(bytes).toString('hex')}]` : line)
  })
}
