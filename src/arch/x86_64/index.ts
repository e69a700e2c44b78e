// x86_64, as the sentry sees it.

import {addon} from '../../addon.ts'
import type {Architecture} from '../architecture.ts'
import {initialRegisters, programCounter, restartCall, stackPointer} from './registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from './signal-frame.ts'

export const x86_64: Architecture = {
  name: 'x86_64',
  platformName: 'x86_64',
  hardwareCapabilities: () => ({hwcap: addon.hwcap, hwcap2: addon.hwcap2}),
  initialRegisters,
  machine: 'x86_64',
  stackPointer,
  programCounter,
  restartCall,
  pushSignalFrame,
  popSignalFrame,
  signalFrameBytes,
}
