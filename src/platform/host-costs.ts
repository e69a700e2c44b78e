// What traps cost on this host, kept from one run to the next: the first runs after a boot measure it, in some two milliseconds each,
// and one run in ten minutes.

import {readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {addon} from '../addon.ts'
import {cacheDirectory, readOwn, writeWhole} from '../user-cache.ts'
import {type Costs, typicalCosts} from './costs.ts'

const FILE = 'costs.json'
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
/** For each cost: anything longer is no valid measurement. */
const LONGEST_NS = 1e9

const NOTHING: Measurements = {costs: [], at: 0}

/** Computed at start: a running platform keeps this thread on one processor. undefined: /proc is not mounted. */
const HOST = hostName()

/** The number of measurements that show what is typical: one may have been made while the machine did something else. */
export const MEASUREMENTS = 5

/** By then a host that was busy may be quiet, and so may the measurements be. */
const FRESH_MS = 600_000

/** A platform's last measurements, and when the last was made: milliseconds since 1970. */
interface Measurements {
  costs: Costs[]
  at: number
}

/**
 * What was measured for a platform since this boot, with as many processors and by an addon of this version.
 * @returns undefined when there is nothing
 */
export function loadCosts(
  env: NodeJS.ProcessEnv,
  platform: string,
): {costs: Costs; isSettled: boolean} | undefined {
  const {costs, at} = load(env)[platform] ?? NOTHING
  if (costs.length === 0) return undefined
  const ageMs = Date.now() - at
  // Somebody may have set the clock back.
  const isFresh = ageMs >= 0 && ageMs < FRESH_MS
  return {costs: typicalCosts(costs), isSettled: isFresh && costs.length === MEASUREMENTS}
}

/**
 * Where costs cannot be stored, or a boot has no name, they are measured each time.
 * @returns what is typical so far
 */
export function storeCosts(env: NodeJS.ProcessEnv, platform: string, costs: Costs): Costs {
  const path = pathOf(env)
  if (path === undefined || HOST === undefined) return costs
  const all = load(env)
  const kept = [...(all[platform] ?? NOTHING).costs, costs].slice(-MEASUREMENTS)
  const platforms = {...all, [platform]: {costs: kept, at: Date.now()}}
  writeWhole(path, JSON.stringify({host: HOST, platforms}), false)
  return typicalCosts(kept)
}

/** By platform name. */
function load(env: NodeJS.ProcessEnv): Record<string, Measurements> {
  const path = pathOf(env)
  if (path === undefined) return {}
  try {
    const {host, platforms} = JSON.parse(readOwn(path)?.toString() ?? '{}')
    if (host !== HOST) return {}
    const plausible = Object.entries(platforms as Record<string, Measurements>).map(([name, {costs, at}]) => [
      name,
      {costs: costs.filter(isPlausible), at},
    ])
    return Object.fromEntries(plausible)
  } catch {
    return {}
  }
}

function pathOf(env: NodeJS.ProcessEnv): string | undefined {
  const directory = cacheDirectory(env)
  return directory && join(directory, FILE)
}

function hostName(): string | undefined {
  try {
    return `${readFileSync(BOOT_ID, 'latin1').trim()} ${availableParallelism()} ${addon.abiVersion}`
  } catch {
    return undefined
  }
}

function isPlausible(costs: Costs): boolean {
  const {trapNs, lookNs, pageNs, polledNs = trapNs, wakeUpNs = trapNs} = costs
  return [trapNs, lookNs, pageNs, polledNs, wakeUpNs].every(
    (ns) => Number.isFinite(ns) && ns > 0 && ns < LONGEST_NS,
  )
}
