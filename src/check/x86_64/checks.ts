// x86_64: the checks, in the order in which they are reported.

import type {Check} from '../facts.ts'
import {checkCpu, checkNested, checkPvm} from './cpu.ts'
import {checkFirmware} from './firmware.ts'
import {checkModules} from './modules.ts'

export const CHECKS: readonly Check[] = [checkCpu, checkFirmware, checkModules, checkPvm, checkNested]
