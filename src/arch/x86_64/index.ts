// x86_64, as the sentry sees it.

import type {Architecture} from '../architecture.ts'
import {callSites} from './call-site.ts'
import {debug} from './debug.ts'
import {faultOf} from './faults.ts'
import {cpuinfo, hardwareCapabilities} from './hwcap.ts'
import {kernelAbi} from './kernel-abi.ts'
import {access, initialRegisters, REGISTER_COUNT, restartCall, undoCall} from './registers.ts'
import {popSignalFrame, pushSignalFrame, signalFrameBytes} from './signal-frame.ts'
import {vsyscall} from './vsyscall.ts'

export const x86_64: Architecture = {
  name: 'x86_64',
  // mov $39, %eax; syscall; jmp to the start: getpid
  callLoop: Uint8Array.of(0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7),
  callLoopNumber: 39,
  // lea 0x1fff9(%rip), %rbx; then for each: mov 0(%rbx), %rax … mov 48(%rbx), %r9; syscall; mov %rax, (%rbx); add $56, %rbx;
  // jmp back.
  callList: Buffer.from(
    '488d1df9ff0100488b03488b7b08488b7310488b53184c8b53204c8b43284c8b4b300f054889034883c338ebda',
    'hex',
  ),
  callListDistance: 0x20000,
  hardwareCapabilities,
  cpuinfo,
  kernelAbi,
  initialRegisters,
  vsyscall,
  machine: 'x86_64',
  machine32: 'i686',
  registerCount: REGISTER_COUNT,
  faultOf,
  ...access,
  restartCall,
  undoCall,
  pushSignalFrame,
  popSignalFrame,
  signalFrameBytes,
  callSites,
  debug,
}
