// x86_64, as the sentry sees it.

import type {Architecture} from '../architecture.ts'
import {programCounter, restartCall, stackPointer} from './registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from './signal-frame.ts'

export const x86_64: Architecture = {
  name: 'x86_64',
  machine: 'x86_64',
  stackPointer,
  programCounter,
  restartCall,
  pushSignalFrame,
  popSignalFrame,
  signalFrameBytes,
}
