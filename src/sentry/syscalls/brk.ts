// brk(2): never fails; an unchanged break shows that it could not be moved.

import type {Syscall} from '../core/syscall.ts'

export const brk: Syscall = (task, args) => task.process.memoryMap.heap.moveBreak(args.address(0))
