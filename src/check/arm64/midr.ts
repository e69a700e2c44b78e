// arm64: which cores this machine has, from MIDR_EL1 in sysfs or in /proc/cpuinfo, and whether they have VHE (FEAT_VHE, Armv8.1).
// Inside a virtual machine, the hypervisor decides what it says.
//
// Numbers: arch/arm64/include/asm/cputype.h of Linux, and the cores' Technical Reference Manuals, "MIDR_EL1". FEAT_VHE is mandatory from
// Armv8.1 on (Arm ARM, "The Armv8.1 architecture extension"), so the cores without it are those of Armv8.0.

import type {Core} from '../finding.ts'
import type {Host} from '../host.ts'

const [ARM, BROADCOM, CAVIUM, FUJITSU, HISILICON, NVIDIA, APM, QUALCOMM, APPLE, MICROSOFT, AMPERE] = [
  0x41, 0x42, 0x43, 0x46, 0x48, 0x4e, 0x50, 0x51, 0x61, 0x6d, 0xc0,
]

const ROWS: [implementer: number, part: number, name: string, hasVhe: boolean][] = [
  [ARM, 0xd03, 'Cortex-A53', false],
  [ARM, 0xd04, 'Cortex-A35', false],
  [ARM, 0xd05, 'Cortex-A55', true],
  [ARM, 0xd06, 'Cortex-A65', true],
  [ARM, 0xd07, 'Cortex-A57', false],
  [ARM, 0xd08, 'Cortex-A72', false],
  [ARM, 0xd09, 'Cortex-A73', false],
  [ARM, 0xd0a, 'Cortex-A75', true],
  [ARM, 0xd0b, 'Cortex-A76', true],
  [ARM, 0xd0c, 'Neoverse-N1', true],
  [ARM, 0xd0d, 'Cortex-A77', true],
  [ARM, 0xd0e, 'Cortex-A76AE', true],
  [ARM, 0xd40, 'Neoverse-V1', true],
  [ARM, 0xd41, 'Cortex-A78', true],
  [ARM, 0xd42, 'Cortex-A78AE', true],
  [ARM, 0xd44, 'Cortex-X1', true],
  [ARM, 0xd46, 'Cortex-A510', true],
  [ARM, 0xd47, 'Cortex-A710', true],
  [ARM, 0xd48, 'Cortex-X2', true],
  [ARM, 0xd49, 'Neoverse-N2', true],
  [ARM, 0xd4b, 'Cortex-A78C', true],
  [ARM, 0xd4c, 'Cortex-X1C', true],
  [ARM, 0xd4d, 'Cortex-A715', true],
  [ARM, 0xd4e, 'Cortex-X3', true],
  [ARM, 0xd4f, 'Neoverse-V2', true],
  [ARM, 0xd80, 'Cortex-A520', true],
  [ARM, 0xd81, 'Cortex-A720', true],
  [ARM, 0xd82, 'Cortex-X4', true],
  [ARM, 0xd83, 'Neoverse-V3AE', true],
  [ARM, 0xd84, 'Neoverse-V3', true],
  [ARM, 0xd85, 'Cortex-X925', true],
  [ARM, 0xd87, 'Cortex-A725', true],
  [ARM, 0xd89, 'Cortex-A720AE', true],
  [ARM, 0xd8e, 'Neoverse-N3', true],
  [BROADCOM, 0x100, 'Brahma-B53', false],
  [BROADCOM, 0x516, 'Vulcan', true],
  [CAVIUM, 0x0a1, 'ThunderX', false],
  [CAVIUM, 0x0a2, 'ThunderX 81xx', false],
  [CAVIUM, 0x0a3, 'ThunderX 83xx', false],
  [CAVIUM, 0x0af, 'ThunderX2', true],
  [FUJITSU, 0x001, 'A64FX', true],
  [HISILICON, 0xd01, 'Kunpeng 920', true],
  [NVIDIA, 0x003, 'Denver', false],
  [NVIDIA, 0x004, 'Carmel', true],
  [APM, 0x000, 'X-Gene or eMAG', false],
  [QUALCOMM, 0x001, 'Oryon', true],
  [APPLE, 0x022, 'M1 Icestorm', true],
  [APPLE, 0x023, 'M1 Firestorm', true],
  [APPLE, 0x024, 'M1 Pro Icestorm', true],
  [APPLE, 0x025, 'M1 Pro Firestorm', true],
  [APPLE, 0x028, 'M1 Max Icestorm', true],
  [APPLE, 0x029, 'M1 Max Firestorm', true],
  [APPLE, 0x032, 'M2 Blizzard', true],
  [APPLE, 0x033, 'M2 Avalanche', true],
  [APPLE, 0x034, 'M2 Pro Blizzard', true],
  [APPLE, 0x035, 'M2 Pro Avalanche', true],
  [APPLE, 0x038, 'M2 Max Blizzard', true],
  [APPLE, 0x039, 'M2 Max Avalanche', true],
  [MICROSOFT, 0xd49, 'Azure Cobalt 100 (Neoverse-N2)', true],
  [AMPERE, 0xac3, 'AmpereOne', true],
  [AMPERE, 0xac4, 'AmpereOne A', true],
]

export function knownCore(implementer: number, part: number): {name: string; hasVhe: boolean} | undefined {
  const row = ROWS.find((each) => each[0] === implementer && each[1] === part)
  return row && {name: row[2], hasVhe: row[3]}
}

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
