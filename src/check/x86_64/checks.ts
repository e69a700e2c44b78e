// x86_64: the checks, in the order in which they are reported.

import type {ArchChecks} from '../facts.ts'
import {CAPABILITIES} from './capabilities.ts'
import {checkCpu, checkNested, checkPvm} from './cpu.ts'
import {checkFirmware} from './firmware.ts'
import {machineOf} from './machine.ts'
import {checkModules} from './modules.ts'

export const x86_64: ArchChecks = {
  capabilities: CAPABILITIES,
  moreCapabilities: [],
  checks: [checkCpu, checkFirmware, checkModules, checkPvm, checkNested],
  machineOf,
}
