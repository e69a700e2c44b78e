// Manifest: what a snapshot says in JSON: the machine's options, its disks, and the state of its devices. Its content is untrusted.

import * as v from 'valibot'
import {arch} from '../../arch/index.ts'
import {HvError} from '../../errors.ts'
import * as takes from '../../options.ts'
import {invalid} from '../../vm/save/format.ts'
import {defectOf} from '../../vm/save/save.ts'

const VERSION = 1
const MOST_CPUS = 4096
const MOST_DEVICES = 64
export const MANIFEST_MAX: number = 2 ** 24

/** RateLimits. */
const limits = {
  iops: v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER)),
  bytesPerSecond: v.optional(takes.integer(1, Number.MAX_SAFE_INTEGER)),
}

const disk = takes.options({
  ...limits,
  path: takes.path,
  readOnly: takes.truth,
  bytes: takes.integer(0, Number.MAX_SAFE_INTEGER),
  /** Of a file: when it was written last, since 1970. A block device has no such time. */
  modifiedMs: v.optional(takes.finiteNumber),
})

const share = takes.options({
  path: takes.path,
  tag: takes.text,
  writable: takes.truth,
  is9p: takes.truth,
})

const upTo = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(takes.list(item, 'a list'), v.maxLength(MOST_DEVICES, `${MOST_DEVICES} at most`))

const savedMachine = takes.options({
  cpus: takes.integer(1, MOST_CPUS),
  memoryBytes: takes.integer(1, Number.MAX_SAFE_INTEGER),
  kernel: takes.path,
  initrd: v.optional(takes.path),
  append: v.optional(takes.text),
  /** Absent in older ones: serial. */
  console: v.optional(takes.oneOf(['serial', 'hvc0'])),
  reboots: takes.truth,
  disks: upTo(disk),
  shares: upTo(share),
  /** Each a TAP interface, or else a stream. */
  networks: upTo(takes.options({...limits, tap: v.optional(takes.text)})),
})

const manifest = takes.options({
  version: takes.integer(1, Number.MAX_SAFE_INTEGER),
  architecture: takes.oneOf(['x86_64', 'arm64']),
  machine: savedMachine,
  devices: upTo(takes.options({name: takes.anyText, state: takes.plainObject('an object')})),
})

export type SavedDisk = v.InferOutput<typeof disk>
/** What it was made of: paths of the host, and sizes. */
export type SavedMachine = v.InferOutput<typeof savedMachine>
/** Of each device that has a state, in the machine's order. */
export type SavedDevices = v.InferOutput<typeof manifest>['devices']

export interface Manifest {
  readonly machine: SavedMachine
  readonly devices: SavedDevices
}

export const encodeManifest = (saved: Manifest): string =>
  JSON.stringify({version: VERSION, architecture: arch.name, ...saved}, null, 1)

/** @throws HvError SAVE_INVALID */
export function decodeManifest(text: string): Manifest {
  const {version, architecture, ...saved} = parse(text)
  if (version !== VERSION)
    throw invalid(`it is of version ${version}, and this hv reads ${VERSION}`, 'use the hv that wrote it')
  if (architecture !== arch.name)
    throw invalid(`it is of ${architecture}, and this host is ${arch.name}`, 'use such a host')
  return saved
}

function parse(text: string): v.InferOutput<typeof manifest> {
  try {
    return takes.checked(manifest, JSON.parse(text), 'manifest')
  } catch (cause) {
    if (cause instanceof HvError) throw defectOf(cause)
    throw invalid('its manifest is no JSON', '', {cause})
  }
}
