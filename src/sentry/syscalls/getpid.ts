// getpid(2), getppid(2), gettid(2).

import type {Syscall} from '../core/syscall.ts'

export const getpid: Syscall = (task) => task.process.pid
export const getppid: Syscall = (task) => task.process.family.parentPid
export const gettid: Syscall = (task) => task.tid
