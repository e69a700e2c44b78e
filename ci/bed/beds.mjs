// The beds, each row a machine to emulate, and the boards of boards/*.json, whose names are also beds.

import {existsSync, readFileSync} from 'node:fs'
import {root} from '../paths.mjs'

/**
 * @typedef {object} BedDescription
 * @property {'x86_64' | 'arm64'} architecture
 * @property {'bochs'} [emulator] default: QEMU
 * @property {string} [machine] QEMU's -machine
 * @property {string} cpu QEMU's -cpu, or one of Bochs' models
 * @property {keyof typeof import('./kernel.mjs').kernels} kernel
 * @property {string} kernelArguments what the kernel gets besides the arguments of every bed
 * @property {number} cpus
 * @property {number} memoryMib
 * @property {string} mode the `machine.mode` that `hv check` should find (src/check/README.md)
 */

const ordinary = {kernelArguments: '', cpus: 2, memoryMib: 2048}
const x86_64 = {...ordinary, architecture: 'x86_64', machine: 'q35', kernel: 'cloud-x86_64'}
const arm64 = {
  ...ordinary,
  architecture: 'arm64',
  machine: 'virt,gic-version=3,virtualization=on',
  kernel: 'cloud-arm64',
}
const a76 = {...arm64, cpu: 'cortex-a76', mode: 'vhe'}
const a72 = {...arm64, cpu: 'cortex-a72', mode: 'nvhe'}
// Pointer authentication with QEMU's default algorithm halves the speed of node.
const max = {
  ...arm64,
  machine: 'virt,gic-version=3,virtualization=on,mte=on',
  cpu: 'max,pauth-impdef=on',
  mode: 'vhe',
}

const svm = {...x86_64, cpu: 'max,+svm,+npt,la57=off', mode: 'svm'}

/** @type {Record<string, BedDescription>} */
export const beds = {
  svm,
  'sw-protected': {...svm, kernel: 'sw-protected-x86_64'},
  // Newer models report a wrong frequency for a counter, and their clocks run a hundred times too slow.
  vmx: {...x86_64, emulator: 'bochs', cpu: 'corei7_haswell_4770', cpus: 1, mode: 'vmx'},

  a76,
  a72,
  n1: {...arm64, cpu: 'neoverse-n1', mode: 'vhe'},
  max,
  nvhe: {...a76, kernelArguments: 'kvm-arm.mode=nvhe', mode: 'nvhe'},
  protected: {...a76, kernelArguments: 'kvm-arm.mode=protected', mode: 'protected-hvhe'},
  hvhe: {...a76, kernelArguments: 'arm64_sw.hvhe=1', mode: 'hvhe'},
  gic2: {...a76, machine: 'virt,gic-version=2,virtualization=on'},
  '16k': {...a76, kernel: '16k-arm64'},
  old: {...a76, kernel: 'bookworm-arm64'},
  nv2: {
    ...max,
    kernel: 'backports-arm64',
    kernelArguments: 'kvm-arm.mode=nested',
    mode: 'vhe-nv2',
  },
  'a76-1': {...a76, cpus: 1},
  'a76-4': {...a76, cpus: 4},
  el1: {...a76, machine: 'virt,gic-version=3', mode: 'el1'},
  none: {...a76, kernelArguments: 'kvm-arm.mode=none', mode: 'disabled'},
}

/** @returns {BedDescription | undefined} undefined when neither a bed nor a board has the name */
export function bedNamed(name) {
  if (Object.hasOwn(beds, name)) return beds[name]
  return /^[a-z0-9_-]+$/.test(name) ? boardAsBed(`${root}/boards/${name}.json`) : undefined
}

/** `hv boards` validates the files; here an invalid one fails in QEMU, which names what it does not know. */
function boardAsBed(file) {
  if (!existsSync(file)) return undefined
  const {architecture, emulation, expect} = JSON.parse(readFileSync(file, 'utf8'))
  if (!emulation) throw new Error(`${file}: QEMU cannot emulate this board: its emulation is null`)
  return {...(architecture === 'arm64' ? arm64 : x86_64), ...emulation, mode: expect.modes[0]}
}
