// x86_64, as the sentry sees it.

import type {Architecture} from '../architecture.ts'
import {callResult, initialRegisters, programCounter, restartCall, stackPointer} from './registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from './signal-frame.ts'

export const x86_64: Architecture = {
  name: 'x86_64',
  platformName: 'x86_64',
  initialRegisters,
  machine: 'x86_64',
  stackPointer,
  programCounter,
  callResult,
  restartCall,
  pushSignalFrame,
  popSignalFrame,
  signalFrameBytes,
}
