// The name of an e_machine: hv's own two at once; any other from elfy's list, which is loaded only then (4 ms).

import {createRequire} from 'node:module'
import {EM_AARCH64, EM_X86_64} from '../abi/elf.ts'

/** The architectures hv runs. */
export type Machine = 'x86_64' | 'arm64'

/** A name for messages: `x86_64`, `arm64`, elfy's name (`sparcv9`), or `machine 243`. */
export function machineName(machine: number): Machine | (string & {}) {
  if (machine === EM_X86_64) return 'x86_64'
  if (machine === EM_AARCH64) return 'arm64'

  return KNOWN[machine] ?? elfyMachines()[machine] ?? `machine ${machine}`
}

/** Those published after elfy was written, and common ones: in its jail hv cannot load elfy. */
const KNOWN: Record<number, string> = {
  ...{3: '386', 8: 'mips', 20: 'ppc', 21: 'ppc64', 22: 's390', 40: 'arm', 43: 'sparcv9'},
  ...{243: 'riscv', 247: 'bpf', 258: 'loongarch'},
}

interface Elfy {
  readonly constants: {readonly machine: Readonly<Record<number, string>>}
}

function elfyMachines(): Readonly<Record<number, string>> {
  try {
    const {constants} = createRequire(import.meta.url)('elfy') as Elfy
    return constants.machine
  } catch {
    return {}
  }
}
