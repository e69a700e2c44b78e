// arm64: which cores this machine has, from MIDR_EL1 in sysfs or in /proc/cpuinfo. Inside a virtual machine, the hypervisor
// decides what it says.

import type {Core} from '../finding.ts'
import type {Host} from '../host.ts'
import {knownCore} from './cores.ts'

export interface Cpu extends Core {
  /** undefined for a core that hv does not know. */
  hasVhe: boolean | undefined
}

export interface Cpus {
  cpus: Cpu[]
  source: string
}

const CPUS = '/sys/devices/system/cpu'
const MIDR = 'regs/identification/midr_el1'

/** Each kind of core once, in the order of their processors. */
export function cpusOf(host: Host): Cpus {
  const numbers = host
    .list(CPUS)
    .map((name) => /^cpu(\d+)$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((one, two) => one - two)
  const fromSysfs = numbers
    .map((number) => host.read(`${CPUS}/cpu${number}/${MIDR}`)?.trim())
    .filter((text) => text !== undefined && /^0x[\da-f]{1,16}$/i.test(text))
    .map((text) => cpuOf(BigInt(text!)))
  if (fromSysfs.length > 0) return {cpus: distinct(fromSysfs), source: `${CPUS}/cpu*/${MIDR}`}

  const cpuinfo = host.read('/proc/cpuinfo') ?? ''
  const fields = (name: string): number[] =>
    [...cpuinfo.matchAll(new RegExp(`^${name}\\s*:\\s*(0x[\\da-f]{1,3})$`, 'gim'))].map(([, value]) =>
      Number(value),
    )
  const parts = fields('CPU part')
  const fromCpuinfo = fields('CPU implementer').flatMap((implementer, i) =>
    parts[i] === undefined ? [] : [describe(implementer, parts[i])],
  )
  return {cpus: distinct(fromCpuinfo), source: '/proc/cpuinfo'}
}

/** Arm ARM, "MIDR_EL1": implementer in [31:24], part number in [15:4]. */
function cpuOf(midr: bigint): Cpu {
  return describe(Number((midr >> 24n) & 0xffn), Number((midr >> 4n) & 0xfffn))
}

function describe(implementer: number, part: number): Cpu {
  const known = knownCore(implementer, part)
  const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`
  const [implementerText, partText] = [hex(implementer, 2), hex(part, 3)]
  return {
    name: known?.name ?? `unknown core ${implementerText}/${partText}`,
    implementer: implementerText,
    part: partText,
    hasVhe: known?.hasVhe,
  }
}

function distinct(cpus: Cpu[]): Cpu[] {
  return [...new Map(cpus.map((cpu) => [`${cpu.implementer}/${cpu.part}`, cpu])).values()]
}
