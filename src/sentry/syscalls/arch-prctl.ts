// arch_prctl(2): the FS and GS bases of x86_64, and the processor state that a program may have. CPUID faulting is not offered.

import {EINVAL, ENODEV, EOPNOTSUPP, EPERM, Errno} from '../../abi/errno.ts'
import {features} from '../../arch/x86_64/fp-frame.ts'
import {FS_BASE, GS_BASE} from '../../arch/x86_64/registers.ts'
import type {Syscall} from '../core/syscall.ts'
import type {Task} from '../core/task.ts'

const ARCH_SET_GS = 0x1001
const ARCH_SET_FS = 0x1002
const ARCH_GET_FS = 0x1003
const ARCH_GET_GS = 0x1004
const ARCH_GET_CPUID = 0x1011
const ARCH_SET_CPUID = 0x1012
const ARCH_GET_XCOMP_SUPP = 0x1021
const ARCH_GET_XCOMP_PERM = 0x1022
const ARCH_REQ_XCOMP_PERM = 0x1023
const ARCH_GET_XCOMP_GUEST_PERM = 0x1024
const ARCH_REQ_XCOMP_GUEST_PERM = 0x1025
/** How many of XSAVE's components Linux 6.18 knows. */
const XCOMP_COUNT = 20

export const archPrctl: Syscall = (task, args) => {
  switch (args.int32(0)) {
    case ARCH_SET_FS:
      return setBase(task, FS_BASE, args.address(1))
    case ARCH_SET_GS:
      return setBase(task, GS_BASE, args.address(1))
    case ARCH_GET_FS:
      return getBase(task, FS_BASE, args.address(1))
    case ARCH_GET_GS:
      return getBase(task, GS_BASE, args.address(1))
    case ARCH_GET_CPUID:
      return 1
    case ARCH_SET_CPUID:
      throw new Errno(ENODEV)
    case ARCH_GET_XCOMP_SUPP:
    case ARCH_GET_XCOMP_PERM:
    case ARCH_GET_XCOMP_GUEST_PERM:
      return getFeatures(task, args.address(1))
    // State that must be asked for, AMX's tiles, is never granted: native/arch/x86_64/regs.cc.
    case ARCH_REQ_XCOMP_PERM:
    case ARCH_REQ_XCOMP_GUEST_PERM:
      throw new Errno(args.address(1) < XCOMP_COUNT ? EOPNOTSUPP : EINVAL)
    default:
      throw new Errno(EINVAL)
  }
}

function setBase(task: Task, register: number, base: number): number {
  if (base >= task.kernel.platform.userTop) throw new Errno(EPERM)
  if (register === GS_BASE && base !== 0) task.process.space.callPatches?.stop()
  const registers = task.context.readRegisters()
  registers[register] = BigInt(base)
  task.context.writeRegisters(registers)
  return 0
}

function getFeatures(task: Task, target: number): number {
  task.memory.writeBigUint64(target, features(task.context.readFpState()))
  return 0
}

function getBase(task: Task, register: number, target: number): number {
  task.memory.writeBigUint64(target, task.context.readRegisters()[register])
  return 0
}
