// ProgramMachineOptions: what a ProgramMachine takes, and how it is checked.

import type {Duplex} from 'node:stream'
import * as v from 'valibot'
import {badArgument} from '../../../errors.ts'
import {addressesOf} from '../../../launch/machine-network.ts'
import {guestRows} from '../../../launch/options/guest.ts'
import {addressOf} from '../../../launch/options/parse-devices.ts'
import {fromHere} from '../../../launch/options/parse-values.ts'
import type {Rows} from '../../../launch/options/row.ts'
import {fieldsOf, settingsOf} from '../../../launch/options/schema.ts'
import type {SettingOptions, Settings} from '../../../launch/options/settings.ts'
import {requireOneTree, treeRows} from '../../../launch/options/tree.ts'
import {hasTree} from '../../../launch/options.ts'
import {CARD_FIELDS, devices, disks, networkOf, shares} from '../../../machine/kernel/device-schema.ts'
import {
  type KernelOptions,
  MEMORY_BYTES,
  MOST_CPUS,
  networksOf,
  type StreamOptions,
  type TapOptions,
} from '../../../machine/kernel/kernel-options.ts'
import type {CardAddress} from '../../../machine/program/card-address.ts'
import * as takes from '../../../options.ts'
import {sandboxFields} from '../requests.ts'

type TreeNames =
  | ('root' | 'image' | 'withLibraries' | 'volumes')
  | ('tmpfs' | 'readOnly' | 'hostname' | 'user')

/** The address of a network card; hv sets it, whatever the tree is. @see {@link ProgramMachineOptions} */
export interface CardAddressOptions {
  /**
   * An IPv4 address, with the bits of its network: `10.0.1.2/24`. Default: of a stream 10.0.2.15/24 (a second card: 10.0.3.15/24), by way
   * of 10.0.2.2, as with QEMU's user networking; of a TAP interface the one after the host's, by way of the host; of one without an address,
   * such as a bridge's, none.
   */
  ip?: string
  /** Another address of that network, for the default route; the first card's counts. Default: with `ip`, none. */
  gateway?: string
}

/** A network card. @see {@link ProgramMachineOptions} */
export type ProgramNetworkOptions = Duplex | ((StreamOptions | TapOptions) & CardAddressOptions)

/**
 * A Linux kernel, its machine, and the tree of files in which its programs run. One of `root`, `image` and `withLibraries` is needed. Disks
 * are /dev/vda and so on; a share is mounted by a program (`mount -t virtiofs`), a volume by hv.
 *
 * @example
 * const options: ProgramMachineOptions = {
 *   ...{kernel: '/boot/vmlinuz', image: 'alpine:latest', volumes: [{host: '.', guest: '/work', writable: true}]},
 *   ...{disks: [{path: 'data.img'}], network: {tap: 'tap0', ip: '192.168.7.20/24', gateway: '192.168.7.1'}},
 * }
 * @see {@link ProgramMachine}
 */
export interface ProgramMachineOptions
  extends Pick<SettingOptions, TreeNames>,
    Pick<KernelOptions, 'disks' | 'shares' | 'devices'> {
  /** Host path, as of KernelOptions: with virtio-mmio, virtio-fs and vsock, built in or as modules. */
  kernel: string
  /** Host directory of the kernel's modules. Default: `/lib/modules/RELEASE` for `vmlinuz-RELEASE`, or the kernel's directory. */
  modules?: string
  /** As of KernelOptions, each with an address, if not the usual one. The machine's /etc/resolv.conf then has the host's name servers. */
  network?: ProgramNetworkOptions | readonly ProgramNetworkOptions[]
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

const {root, image, withLibraries, volumes} = treeRows
const {tmpfs, readOnly, hostname, user} = guestRows
const START_TIMEOUT_MS = 120_000
/** What setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1

const rows: Rows<Pick<SettingOptions, TreeNames>, Pick<Settings, TreeNames>> = {
  ...{root, image, withLibraries, volumes, tmpfs, readOnly, hostname, user},
}
const fields = {
  ...fieldsOf(rows),
  ...{kernel: takes.path, modules: v.optional(takes.path), append: v.optional(takes.text)},
  ...{cpus: v.optional(takes.integer(1, MOST_CPUS)), memoryBytes: v.optional(takes.anyNumber)},
  ...{disks, shares, devices},
  network: networkOf({...CARD_FIELDS, ip: v.optional(takes.text), gateway: v.optional(takes.text)}),
  startTimeoutMs: v.optional(takes.integer(1, LONGEST_MS)),
}

export interface MachineSettings
  extends Omit<ProgramMachineOptions, 'volumes' | 'tmpfs' | 'network'>,
    Pick<Settings, 'volumes' | 'tmpfs'> {
  memoryBytes: number
  startTimeoutMs: number
  network: (StreamOptions | TapOptions)[]
  addresses: (CardAddress | undefined)[]
}

/** With absolute paths. @throws HvError BAD_ARGUMENT */
export function toMachineSettings(given: ProgramMachineOptions): MachineSettings {
  refuseOfSandbox(given)
  const options = takes.checked(takes.options(fields), given, 'options')
  requireOneTree(options, (name) => `\`${name}\``)
  if (!hasTree(options)) throw badArgument('a machine has no tree', 'give `root`, `image` or `withLibraries`')
  const {kernel, modules, append, cpus} = options
  const {memoryBytes = MEMORY_BYTES, startTimeoutMs = START_TIMEOUT_MS} = options
  return {
    volumes: [],
    ...settingsOf(rows, options),
    ...{kernel: fromHere(kernel), append, cpus, memoryBytes, startTimeoutMs},
    ...{disks: options.disks?.map((each) => ({...each, path: fromHere(each.path)}))},
    ...{shares: options.shares?.map((each) => ({...each, path: fromHere(each.path)}))},
    ...{devices: options.devices, ...cardsOf(options.network)},
    ...(modules !== undefined && {modules: fromHere(modules)}),
  }
}

/** @throws HvError BAD_ARGUMENT for a bad address */
function cardsOf(network: ProgramMachineOptions['network']): Pick<MachineSettings, 'network' | 'addresses'> {
  const cards = networksOf(network).map((card: (StreamOptions | TapOptions) & CardAddressOptions) => {
    const {ip, gateway, ...rest} = card
    return {card: rest, ...addressOf({ip, gateway})}
  })
  const addresses = addressesOf(cards.map(({card, address}) => ({...card, address})))
  return {network: cards.map(({card}) => card), addresses}
}

/** @throws HvError BAD_ARGUMENT */
function refuseOfSandbox(given: unknown): void {
  const isOurs = (name: string): boolean => name in fields
  const name = Object.keys(Object(given)).find((each) => !isOurs(each) && each in sandboxFields)
  if (name === undefined) return
  const nextStep = name === 'net' ? 'give `network`' : `leave \`${name}\` out`
  throw badArgument(`\`${name}\` is for a Sandbox, and a machine's kernel is Linux itself`, nextStep)
}
