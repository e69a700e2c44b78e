// Finds out which board this host is: compares its device tree, its firmware (DMI) and its modules with the boards' rules.

import {printable} from '../errors.ts'
import type {Board, Rule} from './schema.ts'

/** The host's files, as src/check/host.ts reads them. */
export interface HostFiles {
  read(path: string): string | null
  hasModule(name: string): boolean
}

/** How a host names itself, without control characters. Empty texts count as none. */
export interface MachineId {
  model: string | undefined
  compatible: string[]
  vendor: string | undefined
  product: string | undefined
}

const DEVICE_TREE = '/proc/device-tree'
const DMI = '/sys/class/dmi/id'

export function machineIdOf(host: HostFiles): MachineId {
  const list = (path: string): string[] =>
    (host.read(path) ?? '')
      .split('\0')
      .map((text) => printable(text.trim()))
      .filter((text) => text !== '')
  return {
    model: list(`${DEVICE_TREE}/model`)[0],
    compatible: list(`${DEVICE_TREE}/compatible`),
    vendor: list(`${DMI}/sys_vendor`)[0],
    product: list(`${DMI}/product_name`)[0],
  }
}

export interface Match {
  board: Board
  /** The rule that recognised it. */
  rule: Rule
}

/** The board with the most specific rule that matches: the one with the most conditions. */
export function detectBoard(
  host: HostFiles,
  architecture: string,
  boards: readonly Board[],
): Match | undefined {
  const id = machineIdOf(host)
  let found: Match | undefined
  let conditions = -1
  for (const board of boards) {
    if (board.architecture !== architecture) continue
    for (const rule of board.recognise) {
      const count = Object.keys(rule).length
      if (count <= conditions || !fits(rule, id, host)) continue
      found = {board, rule}
      conditions = count
    }
  }
  return found
}

function fits(rule: Rule, id: MachineId, host: HostFiles): boolean {
  const {model, compatible, vendor, product, module} = rule
  return (
    matches(model, id.model) &&
    (compatible === undefined || id.compatible.some((name) => matches(compatible, name))) &&
    matches(vendor, id.vendor) &&
    matches(product, id.product) &&
    (module === undefined || host.hasModule(module))
  )
}

function matches(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true
  if (text === undefined) return false
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

/** `vendor Amazon EC2 and product a1.*` */
export function ruleOf(rule: Rule): string {
  const conditions = Object.entries(rule).map(([name, pattern]) => `${name} ${pattern}`)
  return conditions.join(' and ') || 'its architecture'
}
