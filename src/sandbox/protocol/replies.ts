// What a sentry's process says, checked: if it was broken into, it may say anything, and its owner goes on.

import * as v from 'valibot'
import {EHWPOISON} from '../../abi/errno.ts'
import {PERMISSION_BITS} from '../../abi/file-mode.ts'
import {HV_ERROR_CODES, printable} from '../../errors.ts'
import {JAIL_LAYERS} from '../../jail/layer.ts'
import {
  FILE_CHANGES,
  FILE_KINDS,
  PIECE_CHANGES,
  PIECE_ENTRIES,
} from '../../sentry/outside/files/operations.ts'
import {TIME_LIMITS} from '../../sentry/outside/program-result.ts'
import {MOST_SHOWN} from '../../sentry/outside/usage.ts'
import {NAME_MAX, PATH_MAX} from '../../vfs/path-walk.ts'
import {connectionReplies} from './connection-replies.ts'
import {nonsense} from './frames.ts'
import {question} from './question.ts'

/** `oom`: a process was killed for it. */
export const LIMIT_NAMES = ['memory', 'disk', 'output', 'tasks', 'oom'] as const

/** Characters of an error. That of a bug has a stack. */
const SHOWN = 4000

const id = v.pipe(v.number(), v.safeInteger())
const number = v.pipe(v.number(), v.finite())
/** JSON has no Infinity: null. */
const cost = v.pipe(
  v.nullable(number),
  v.transform((ns) => ns ?? Number.POSITIVE_INFINITY),
)
const maybeCost = v.optional(cost)
const maybe = v.nullable
/** Text that may be shown on a terminal. */
const shown = v.pipe(
  v.string(),
  v.transform((text) => text.slice(0, SHOWN).split('\n').map(printable).join('\n')),
)
/** An error without its class, which does not survive the crossing. `code` absent: a bug of ours. */
const error = v.object({code: v.optional(v.picklist(HV_ERROR_CODES)), message: shown, nextStep: shown})

const result = v.object({
  exitCode: maybe(v.pipe(id, v.minValue(0), v.maxValue(255))),
  signal: maybe(v.pipe(id, v.minValue(1), v.maxValue(64))),
  timedOut: v.boolean(),
  timedOutBy: v.optional(v.picklist(TIME_LIMITS)),
  outOfMemory: v.optional(v.boolean()),
  outgrown: v.optional(v.string()),
  broken: v.optional(
    v.object({call: v.string(), promises: v.pipe(v.array(v.string()), v.readonly()), byItself: v.boolean()}),
  ),
  refused: v.optional(v.pipe(v.record(v.string(), number), v.readonly())),
  neededRules: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.maxLength(20), v.readonly()),
  ),
  stats: v.record(v.string(), number),
})

const event = v.variant('type', [
  v.object({
    ...{type: v.literal('syscall'), pid: id, time: number, name: v.string(), args: v.array(v.string())},
    ...{result: v.optional(number), note: v.optional(v.string()), error: v.optional(v.string())},
    interrupted: v.optional(v.string()),
    unfinished: v.optional(v.picklist(['exited', 'detached'])),
    durationNs: v.optional(number),
  }),
  v.object({type: v.literal('signal'), pid: id, time: number, name: v.string(), info: v.string()}),
  v.object({
    ...{type: v.literal('exit'), pid: id, time: number},
    ...{code: v.optional(id), signal: v.optional(v.string())},
  }),
])

const size = v.pipe(number, v.minValue(0))
const bytes = v.pipe(
  v.string(),
  v.check((text) => !text.includes('\0') && !/[\u0100-\uffff]/.test(text)),
)
/** A name, not a path: its owner's program may join it to a host path. */
const name = v.pipe(
  bytes,
  v.maxLength(NAME_MAX),
  v.check((text) => !text.includes('/')),
  v.check((text) => text !== '.' && text !== '..'),
)
const entry = v.object({
  name,
  kind: v.picklist(FILE_KINDS),
  size,
  mode: v.pipe(id, v.minValue(0), v.maxValue(PERMISSION_BITS)),
  uid: size,
  gid: size,
  modifiedMs: number,
  target: v.optional(v.pipe(bytes, v.maxLength(PATH_MAX))),
})
const errno = v.pipe(id, v.minValue(1), v.maxValue(EHWPOISON))
const change = v.object({kind: v.picklist(FILE_CHANGES), name: v.optional(name)})
const answer = v.object({
  isEnd: v.boolean(),
  handle: v.optional(id),
  size: v.optional(size),
  entries: v.optional(v.pipe(v.array(entry), v.maxLength(PIECE_ENTRIES))),
  entry: v.optional(entry),
  changes: v.optional(v.pipe(v.array(change), v.maxLength(PIECE_CHANGES))),
})

const stats = v.object({
  ...{programs: size, processes: size, tasks: size, maxTasks: size},
  ...{memoryBytes: size, maxMemoryBytes: size, diskBytes: size, maxDiskBytes: v.optional(size)},
  ...{heldBytes: size, maxHeldBytes: size},
  ...{cpuMs: size, startedPrograms: size, startedTasks: size, syscalls: size, faults: size},
})
const processes = v.pipe(
  v.array(
    v.object({
      ...{pid: size, parentPid: size, programPid: size, name: shown, command: shown},
      ...{state: v.pipe(v.string(), v.regex(/^[A-Za-z]$/)), threads: size, uid: size},
      ...{memoryBytes: size, cpuMs: size},
    }),
  ),
  v.maxLength(MOST_SHOWN),
)

const reply = v.variant('kind', [
  v.object({
    kind: v.literal('ready'),
    platform: v.object({
      name: v.picklist(['kvm', 'ptrace']),
      reason: v.string(),
      costs: v.object({trapNs: cost, polledNs: maybeCost, wakeUpNs: maybeCost, lookNs: cost, pageNs: cost}),
    }),
    jail: v.array(
      v.object({
        name: v.picklist(JAIL_LAYERS),
        status: v.picklist(['on', 'refused', 'absent']),
        errno: v.optional(v.pipe(v.string(), v.regex(/^\w{1,20}$/))),
      }),
    ),
  }),
  // Its output came before, in pieces.
  v.object({
    kind: v.literal('finished'),
    run: id,
    finished: v.object({pid: id, result, outputTruncated: v.boolean()}),
  }),
  // Absent: all runs.
  v.object({kind: v.literal('failed'), run: v.optional(id), error}),
  v.object({kind: v.literal('traced'), error: v.optional(error)}),
  v.object({kind: v.literal('events'), events: v.array(event)}),
  v.object({kind: v.literal('asks'), run: id, question}),
  // By the request's id: the result, or the error number that the guest would get.
  v.object({kind: v.literal('filed'), id, answer: v.optional(answer), errno: v.optional(errno)}),
  v.object({
    kind: v.literal('limit'),
    run: id,
    // Of the run's first process, if it is there already.
    pid: v.optional(id),
    hit: v.object({
      limit: v.picklist(LIMIT_NAMES),
      // Since the last report.
      count: v.pipe(id, v.minValue(1)),
      // Of `oom`: the last process killed.
      pid: v.optional(id),
    }),
  }),
  v.object({kind: v.literal('used'), stats: v.optional(stats), processes: v.optional(processes)}),
  // Of a live run: what it wrote, its first process, and how many bytes of its input need no more room.
  v.object({kind: v.literal('output'), run: id, fd: v.picklist([1, 2])}),
  v.object({kind: v.literal('started'), run: id, pid: id}),
  v.object({kind: v.literal('took'), run: id, bytes: v.pipe(id, v.minValue(1))}),
  ...connectionReplies,
])

/** Without the bytes that a frame carries beside it, and what JSON cannot express. */
export type ProcessReply = v.InferOutput<typeof reply>

/** @throws HvError SANDBOX_FAILED */
export function checkedReply(message: unknown): ProcessReply {
  const checked = v.safeParse(reply, message, {abortEarly: true})
  if (checked.success) return checked.output
  throw nonsense()
}
