// What this host takes, kept from one run to the next: measured once a boot, in some two milliseconds.

import {readFileSync} from 'node:fs'
import {availableParallelism} from 'node:os'
import {join} from 'node:path'
import {addon} from '../addon.ts'
import {cacheDirectory, readOwn, writeWhole} from '../user-cache.ts'
import type {Costs} from './costs.ts'

const FILE = 'costs.json'
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
/** Of each cost: what lies beyond is no measurement. */
const LONGEST_NS = 1e9

/** By the platform's name. */
export type HostCosts = Record<string, Costs>

/** What was measured since this boot, with as many processors and by an addon of this version; else nothing. */
export function loadCosts(env: NodeJS.ProcessEnv): HostCosts {
  const path = pathOf(env)
  if (path === undefined) return {}
  try {
    const {host, costs} = JSON.parse(readOwn(path)?.toString() ?? '{}')
    if (host !== hostName()) return {}
    return Object.fromEntries(Object.entries(costs as HostCosts).filter(([, value]) => isPlausible(value)))
  } catch {
    return {}
  }
}

/** Where there is no place to keep them, or a boot has no name, they are measured each time. */
export function storeCosts(env: NodeJS.ProcessEnv, platform: string, costs: Costs): void {
  const [path, host] = [pathOf(env), hostName()]
  if (path === undefined || host === undefined) return
  const all = {...loadCosts(env), [platform]: costs}
  writeWhole(path, JSON.stringify({host, costs: all}), false)
}

function pathOf(env: NodeJS.ProcessEnv): string | undefined {
  const directory = cacheDirectory(env)
  return directory && join(directory, FILE)
}

/** undefined: /proc is not mounted. */
function hostName(): string | undefined {
  try {
    return `${readFileSync(BOOT_ID, 'latin1').trim()} ${availableParallelism()} ${addon.abiVersion}`
  } catch {
    return undefined
  }
}

function isPlausible(costs: Costs): boolean {
  const {trapNs, lookNs, listenedNs = trapNs, wakeUpNs = trapNs} = costs
  return [trapNs, lookNs, listenedNs, wakeUpNs].every(
    (ns) => Number.isFinite(ns) && ns > 0 && ns < LONGEST_NS,
  )
}
