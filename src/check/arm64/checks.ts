// arm64: the checks, in the order in which they are reported.

import type {ArchChecks} from '../facts.ts'
import {CAPABILITIES, MORE_CAPABILITIES, QUESTIONS} from './capabilities.ts'
import {checkCpu, checkNested} from './cpu.ts'
import {checkFirmware} from './firmware.ts'
import {checkInterruptController, checkIpa, checkPageSize, checkSmcccFilter} from './limits.ts'
import {machineOf} from './machine.ts'
import {checkMode} from './mode.ts'
import {checkModules} from './modules.ts'

export const arm64: ArchChecks = {
  capabilities: CAPABILITIES,
  moreCapabilities: MORE_CAPABILITIES,
  questions: QUESTIONS,
  checks: [
    checkCpu,
    checkFirmware,
    checkModules,
    checkMode,
    checkNested,
    checkIpa,
    checkInterruptController,
    checkPageSize,
    checkSmcccFilter,
  ],
  machineOf,
}
