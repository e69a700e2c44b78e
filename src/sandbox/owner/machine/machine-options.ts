// ProgramMachineOptions: what a ProgramMachine takes, and how it is checked.

import * as v from 'valibot'
import {badArgument} from '../../../errors.ts'
import {guestRows} from '../../../launch/options/guest.ts'
import {fromHere} from '../../../launch/options/parse-values.ts'
import type {Rows} from '../../../launch/options/row.ts'
import {fieldsOf, settingsOf} from '../../../launch/options/schema.ts'
import type {SettingOptions, Settings} from '../../../launch/options/settings.ts'
import {requireOneTree, treeRows} from '../../../launch/options/tree.ts'
import {MEMORY_BYTES, MOST_CPUS} from '../../../machine/kernel/kernel-options.ts'
import * as takes from '../../../options.ts'

/**
 * A Linux kernel, its machine, and the tree of files in which its programs run. One of `root` and `image` is needed.
 *
 * @see {@link ProgramMachine}
 */
export interface ProgramMachineOptions
  extends Pick<SettingOptions, 'root' | 'image' | 'volumes' | 'tmpfs' | 'readOnly' | 'hostname' | 'user'> {
  /** Host path, as of KernelOptions: with virtio-mmio, virtio-fs and vsock, built in or as modules. */
  kernel: string
  /** Host directory of the kernel's modules. Default: `/lib/modules/RELEASE` for `vmlinuz-RELEASE`, or the kernel's directory. */
  modules?: string
  /** Kernel parameters, after hv's own. */
  append?: string
  /** As of KernelOptions. Default: 1. */
  cpus?: number
  /** As of KernelOptions. Files in memory get as much again. Default: 512 MiB. */
  memoryBytes?: number
  /**
   * Milliseconds that the kernel may take until programs can run, and that the machine may take to start each. Default: 120,000, which
   * suits a processor that is emulated, too.
   */
  startTimeoutMs?: number
}

const {root, image, volumes} = treeRows
const {tmpfs, readOnly, hostname, user} = guestRows
const START_TIMEOUT_MS = 120_000
/** What setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1

type TreeNames = 'root' | 'image' | 'volumes' | 'tmpfs' | 'readOnly' | 'hostname' | 'user'
const rows: Rows<Pick<SettingOptions, TreeNames>, Pick<Settings, TreeNames>> = {
  ...{root, image, volumes, tmpfs, readOnly, hostname, user},
}
const fields = takes.options({
  ...fieldsOf(rows),
  ...{kernel: takes.path, modules: v.optional(takes.path), append: v.optional(takes.text)},
  ...{cpus: v.optional(takes.integer(1, MOST_CPUS)), memoryBytes: v.optional(takes.anyNumber)},
  startTimeoutMs: v.optional(takes.integer(1, LONGEST_MS)),
})

export type MachineSettings = Omit<ProgramMachineOptions, 'memoryBytes' | 'volumes' | 'tmpfs'> &
  Pick<Settings, 'volumes' | 'tmpfs'> & {memoryBytes: number; startTimeoutMs: number}

/** With absolute paths. @throws HvError BAD_ARGUMENT */
export function toMachineSettings(given: ProgramMachineOptions): MachineSettings {
  const options = takes.checked(fields, given, 'options')
  requireOneTree(options, (name) => `\`${name}\``)
  if ((options.root ?? options.image) === undefined)
    throw badArgument('a machine has no tree', 'give `root` or `image`')
  const {kernel, modules, append, cpus} = options
  const {memoryBytes = MEMORY_BYTES, startTimeoutMs = START_TIMEOUT_MS} = options
  return {
    volumes: [],
    ...settingsOf(rows, options),
    ...{kernel: fromHere(kernel), append, cpus, memoryBytes, startTimeoutMs},
    ...(modules !== undefined && {modules: fromHere(modules)}),
  }
}
