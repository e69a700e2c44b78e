// arm64, as the sentry sees it.

import type {Architecture} from '../architecture.ts'
import {callSites} from './call-site.ts'
import {debug} from './debug.ts'
import {badFrameFault, faultOf} from './faults.ts'
import {cpuinfo, hardwareCapabilities} from './hwcap.ts'
import {kernelAbi} from './kernel-abi.ts'
import {access, initialRegisters, REGISTER_COUNT, restartCall, undoCall} from './registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from './signal-frame.ts'
import {vsyscall} from './vsyscall.ts'

export const arm64: Architecture = {
  name: 'arm64',
  // mov x8, #172; svc #0; b to the start: getpid
  callLoop: Uint8Array.of(0x88, 0x15, 0x80, 0xd2, 0x01, 0, 0, 0xd4, 0xfe, 0xff, 0xff, 0x17),
  callLoopNumber: 172,
  // adr x19, 0x20000; then for each: ldr x8, [x19]; ldp x0, x1 … x4, x5; svc 0; str x0, [x19]; add x19, x19, 56; b back.
  callList: Buffer.from('13001010680240f9608640a9628e41a9649642a9010000d4600200f973e20091f9ffff17', 'hex'),
  callListDistance: 0x20000,
  hardwareCapabilities,
  cpuinfo,
  kernelAbi,
  signalTrampolineSymbol: '__kernel_rt_sigreturn',
  initialRegisters,
  vsyscall,
  machine: 'aarch64',
  machine32: 'armv8l',
  registerCount: REGISTER_COUNT,
  faultOf,
  badFrameFault,
  ...access,
  restartCall,
  undoCall,
  pushSignalFrame,
  popSignalFrame,
  signalFrameBytes,
  callSites,
  debug,
}
