// The initramfs of a machine that runs one program: hv's first process, and the modules that it loads (native/programs/machine_init.c).

import {cpio} from './cpio.ts'
import type {Module} from './modules.ts'

/** The path of the kernel's first process. */
export const INIT = '/hv/init'

export function initramfs(init: Uint8Array, modules: readonly Module[]): Uint8Array {
  const names = modules.map(({name}) => `${name}\n`).join('')
  return cpio([
    ...[{name: 'hv'}, {name: 'hv/root'}, {name: 'hv/init', bytes: init}],
    {name: 'hv/modules', bytes: Buffer.from(names, 'latin1')},
    ...modules.map(({name, bytes}) => ({name: `hv/${name}`, bytes})),
  ])
}
