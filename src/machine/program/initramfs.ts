// The initramfs of a machine that runs one program: hv's first process, and the modules that it loads (native/programs/machine_init.c).

import {S_IFDIR, S_IFREG} from '../../abi/file-mode.ts'
import type {Module} from './modules.ts'

/** The path of the kernel's first process. */
export const INIT = '/hv/init'

interface CpioEntry {
  /** Without a leading slash. A directory comes before its entries. */
  readonly name: string
  /** Absent: a directory. */
  readonly bytes?: Uint8Array
}

const MAGIC = '070701'
const DIGITS = 8
const MODE = 0o755
/** Aligns headers with their names, and contents. */
const ALIGNMENT = 4
const END = 'TRAILER!!!'

/** @param lists of the tree's mounts and of network cards: native/programs/machine_init.h */
export function initramfs(
  init: Uint8Array,
  modules: readonly Module[],
  lists: {mounts: Uint8Array; cards: Uint8Array},
): Uint8Array {
  const names = modules.map(({name}) => `${name}\n`).join('')
  return cpio([
    ...[{name: 'hv'}, {name: 'hv/root'}, {name: 'hv/init', bytes: init}],
    {name: 'hv/modules', bytes: Buffer.from(names, 'latin1')},
    ...Object.entries(lists).map(([name, bytes]) => ({name: `hv/${name}`, bytes})),
    ...modules.map(({name, bytes}) => ({name: `hv/${name}`, bytes})),
  ])
}

/**
 * An archive as the kernel unpacks it (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). Everything is owned by root, and
 * executable.
 */
function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const end = {name: END, bytes: new Uint8Array()}
  return Buffer.concat([...entries, end].flatMap((entry, index) => parts(entry, index + 1)))
}

function parts({name, bytes}: CpioEntry, ino: number): Uint8Array[] {
  const [mode, links] = bytes === undefined ? [S_IFDIR | MODE, 2] : [S_IFREG | MODE, 1]
  const size = bytes?.length ?? 0
  const owner = [0, 0]
  const devices = [0, 0, 0, 0]
  const checksum = 0
  const fields = [ino, mode, ...owner, links, 0, size, ...devices, name.length + 1, checksum]
  const header = fields.map((field) => field.toString(16).padStart(DIGITS, '0')).join('')
  return [aligned(Buffer.from(`${MAGIC}${header}${name}\0`, 'latin1')), aligned(bytes ?? new Uint8Array())]
}

function aligned(bytes: Uint8Array): Uint8Array {
  const missing = -bytes.length & (ALIGNMENT - 1)
  return missing === 0 ? bytes : Buffer.concat([bytes, new Uint8Array(missing)])
}
