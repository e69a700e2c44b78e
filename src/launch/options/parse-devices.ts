// Converts flags' texts to a machine's devices: disks, shares and networks.

import {resolve} from 'node:path'
import {badArgument} from '../../errors.ts'
import type {RateLimits} from '../../machine/devices/rate-limiter.ts'
import type {DiskOptions} from '../../machine/kernel/kernel-options.ts'
import {
  type CardAddress,
  isNeighbour,
  parseAddress,
  parseCardAddress,
} from '../../machine/program/card-address.ts'
import type {Card} from '../machine-network.ts'
import {existing, parseCount, quote, readSize} from './parse-values.ts'

const MOST_OPERATIONS = 2 ** 32

/** Any other file that is not there is a bad argument; only a program's is status 127. */
export function existingDisk(text: string): DiskOptions {
  const disk = parseDisk(text)
  existing(disk.path, '--disk', false)
  return disk
}

export function existingShare(text: string): ReturnType<typeof parseShare> {
  const share = parseShare(text)
  existing(share.path, '--share', true)
  return share
}

/** `FILE[:ro][,iops=N][,bps=SIZE]`: a machine's disk. FILE is relative to this process. */
export function parseDisk(text: string): DiskOptions {
  const {rest, ...words} = splitWords(text, ['iops', 'bps'])
  const [path, mode, ...more] = rest.split(':')
  if (!path || (mode !== undefined && mode !== 'ro') || more.length > 0) {
    throw badArgument(`bad disk ${quote(text)}`, 'write FILE[:ro][,iops=N][,bps=SIZE]')
  }
  return {path: resolve(path), readOnly: mode === 'ro', ...limitsOf(words)}
}

/** `DIR:TAG[:ro|rw][:9p]`; read-only without a mode. DIR is relative to this process. */
export function parseShare(text: string): {path: string; tag: string; writable: boolean; is9p: boolean} {
  const [path, tag, ...rest] = text.split(':')
  const is9p = rest.at(-1) === '9p'
  const [mode = 'ro', ...more] = is9p ? rest.slice(0, -1) : rest
  if (!path || !tag || (mode !== 'ro' && mode !== 'rw') || more.length > 0) {
    throw badArgument(`bad share ${quote(text)}`, 'write DIR:TAG[:ro|rw][:9p]')
  }
  return {path: resolve(path), tag, writable: mode === 'rw', is9p}
}

/** `unix:PATH`, or `tap:NAME`, with limits as a disk's, and an address; PATH is relative to this process. */
export function parseNet(text: string): Card {
  const {rest, ...words} = splitWords(text, ['ip', 'gateway', 'iops', 'bps'])
  const [, kind, value] = /^(unix|tap):(.+)$/s.exec(rest) ?? []
  if (value === undefined) {
    const nextStep =
      'write unix:PATH or tap:NAME, and [,ip=ADDRESS/BITS][,gateway=ADDRESS][,iops=N][,bps=SIZE]'
    throw badArgument(`bad network ${quote(text)}`, nextStep)
  }
  const card = {...addressOf(words), ...limitsOf(words)}
  return kind === 'tap' ? {tap: value, ...card} : {unix: resolve(value), ...card}
}

/** Words such as `,iops=10` are last, because a path may have commas, too. */
function splitWords<const Name extends string>(
  text: string,
  names: readonly Name[],
): {rest: string} & Partial<Record<Name, string>> {
  const word = new RegExp(`^(.*),(${names.join('|')})=([^,]*)$`, 's')
  const found: Record<string, string> = {}
  let rest = text
  for (;;) {
    const [, before, name, value] = word.exec(rest) ?? []
    if (before === undefined) return {...found, rest} as {rest: string} & Partial<Record<Name, string>>
    if (name in found) throw badArgument(`${name} is given twice in ${quote(text)}`, 'give it once')
    found[name] = value
    rest = before
  }
}

function limitsOf({iops, bps}: {iops?: string; bps?: string}): RateLimits {
  const limits: RateLimits = {}
  const of = 'operations per second'
  if (iops !== undefined) limits.iops = parseCount(iops, {of, most: MOST_OPERATIONS, example: 'iops=1000'})
  if (bps !== undefined) limits.bytesPerSecond = parseRate(bps)
  return limits
}

/** @throws HvError BAD_ARGUMENT */
export function addressOf({ip, gateway}: {ip?: string; gateway?: string}): {address?: CardAddress} {
  if (ip === undefined && gateway === undefined) return {}
  const address = ip === undefined ? undefined : parseCardAddress(ip)
  if (address === undefined)
    throw badArgument(
      `bad address ${quote(ip ?? '')}`,
      'give an address with the bits of its network: 10.0.1.2/24',
    )
  if (gateway === undefined) return {address}
  const by = parseAddress(gateway)
  if (by !== undefined && isNeighbour(address, by)) return {address: {...address, gateway: by}}
  throw badArgument(`bad gateway ${quote(gateway)}`, `give another address of the network of ${ip}`)
}

function parseRate(text: string): number {
  const bytes = Math.ceil(readSize(text).bytes)
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes
  throw badArgument(`bad number of bytes per second ${quote(text)}`, 'give a size, e.g. `bps=10M`')
}
