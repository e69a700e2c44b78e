// Converts flags' texts to a machine's devices: disks, shares and networks.

import {resolve} from 'node:path'
import {badArgument} from '../../errors.ts'
import type {RateLimits} from '../../machine/devices/rate-limiter.ts'
import type {Network} from '../../machine/kernel/connect-network.ts'
import type {DiskOptions} from '../../machine/kernel/kernel-options.ts'
import {parseCount, quote, readSize} from './parse-values.ts'

const MOST_OPERATIONS = 2 ** 32

/** `FILE[:ro][,iops=N][,bps=SIZE]`: a machine's disk. FILE is relative to this process. */
export function parseDisk(text: string): DiskOptions {
  const {rest, limits} = limitsOf(text)
  const [path, mode, ...more] = rest.split(':')
  if (!path || (mode !== undefined && mode !== 'ro') || more.length > 0) {
    throw badArgument(`bad disk ${quote(text)}`, 'write FILE[:ro][,iops=N][,bps=SIZE]')
  }
  return {path: resolve(path), readOnly: mode === 'ro', ...limits}
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

/** `unix:PATH`, or `tap:NAME`, with limits as a disk's; PATH is relative to this process. */
export function parseNet(text: string): Network {
  const {rest, limits} = limitsOf(text)
  const [, kind, value] = /^(unix|tap):(.+)$/s.exec(rest) ?? []
  if (value === undefined) {
    throw badArgument(`bad network ${quote(text)}`, 'write unix:PATH or tap:NAME, and [,iops=N][,bps=SIZE]')
  }
  return kind === 'tap' ? {tap: value, ...limits} : {unix: resolve(value), ...limits}
}

/** Limits are last, because a path may have commas, too. */
function limitsOf(text: string): {rest: string; limits: RateLimits} {
  const limits: RateLimits = {}
  let rest = text
  for (;;) {
    const [, before, name, value] = /^(.*),(iops|bps)=([^,]*)$/s.exec(rest) ?? []
    if (before === undefined) return {rest, limits}
    rest = before
    if (name === 'bps') limits.bytesPerSecond = parseRate(value)
    else
      limits.iops = parseCount(value, {
        of: 'operations per second',
        most: MOST_OPERATIONS,
        example: 'FILE,iops=1000',
      })
  }
}

function parseRate(text: string): number {
  const bytes = Math.ceil(readSize(text).bytes)
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes
  throw badArgument(`bad number of bytes per second ${quote(text)}`, 'give a size, e.g. `FILE,bps=10M`')
}
