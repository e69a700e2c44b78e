// executeProgram: a task becomes another program: begin_new_exec in Linux's fs/exec.c.

import type {Task} from '../core/task.ts'
import {applyPledge} from '../pledge/pledge.ts'
import {removeTask} from '../task/exit.ts'
import {releaseThreadWords} from '../task/thread-words.ts'
import {commOf, type LoadedImage, loadImage} from './exec.ts'
import {hindrancesOf, type NewCredentials, newCredentials} from './new-credentials.ts'
import type {Executable} from './open-executable.ts'

/**
 * The program is loaded into new memory first: until that is done, an error leaves the caller unchanged.
 * @param argv includes what a script puts in front
 * @throws Errno E2BIG, ENOMEM; HvError BAD_ELF, PTRACE_UNUSABLE
 */
export function executeProgram(
  task: Task,
  executable: Executable,
  argv: readonly string[],
  envp: readonly string[],
): void {
  const {kernel, process} = task
  const rights = newCredentials(task.credentials, executable.description.location!, hindrancesOf(task))
  const {credentials, isSecure} = rights
  const personality = process.attributes.personality & ~rights.clearedPersonality
  const request = {executable, argv, envp, credentials, isSecure, personality}
  const image = loadImage(kernel, task.fs.root, process.limits, request)
  // Its new program may do more than the tracer.
  task.tracing?.forget()
  becomeOnlyTask(task)
  leaveMemory(task, image)
  forgetOldProgram(task, rights)
  task.name = commOf(executable.path)
  task.context.takeFpState(kernel.initialFpState)
  task.context.writeRegisters(image.registers)
  kernel.debugging?.executed(task)
}

/** Ends the other tasks; if the first task is among them, this one takes its place and its tid. */
function becomeOnlyTask(task: Task): void {
  const {kernel, process} = task
  for (const other of [...process.tasks]) if (other !== task) removeTask(kernel, other)
  if (task.tid === process.pid) return
  kernel.tasks.delete(task.tid)
  task.tid = process.pid
  kernel.tasks.set(task.tid, task)
}

function leaveMemory(task: Task, {space, program}: LoadedImage): void {
  const {process} = task
  releaseThreadWords(task)
  const old = process.space
  process.usage.memory.replace(space.map)
  process.space = space
  process.program = program
  old.release()
  // Gives borrowed memory back to the lender: vfork(2).
  process.family.isBorrowing = false
  process.family.departed.wakeAll()
}

/** Drops what execve(2) lists as not preserved. */
function forgetOldProgram(task: Task, rights: NewCredentials): void {
  const {kernel, process, signals} = task
  const {attributes} = process
  task.unshareFds()
  task.fds.closeOnExec()
  process.signals.resetHandlers()
  signals.alternateStack.forget()
  process.timers.posix.deleteAll()
  process.job.hasExecuted = true
  attributes.isDumpable = rights.isDumpable
  attributes.personality &= ~rights.clearedPersonality
  if (rights.isSecure) process.family.parentDeathSignal = 0
  task.credentials = rights.credentials
  // The pledge stays in force; execpromises can only tighten it.
  if (process.restrictions.execPromises === undefined) return
  applyPledge(kernel, process, process.restrictions.execPromises, true)
  process.restrictions.execPromises = undefined
}
