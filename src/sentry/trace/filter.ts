// Which calls, signals and outcomes a trace shows: strace's -e expressions.

import {NSIG} from '../../abi/signal.ts'
import {arch} from '../../arch/index.ts'
import {HvError} from '../../errors.ts'
import type {Row} from '../core/syscall.ts'
import {table} from '../syscalls/table.ts'
import type {Outcome} from './call-record.ts'
import {classOf} from './classes.ts'
import {signalName} from './names/signals.ts'
import type {TraceFilters} from './options.ts'
import {unanswered} from './unanswered.ts'

const STATUSES = ['successful', 'failed', 'unfinished', 'unavailable', 'detached']

/** strace's words. To the kernel, a wait that a signal ended has failed. */
const STATUS_OF: Readonly<Record<Outcome['kind'], string>> = {
  result: 'successful',
  error: 'failed',
  interrupted: 'failed',
  unfinished: 'unfinished',
  detached: 'detached',
}

/** Members of a set, or all others. */
interface Choice<Member> {
  readonly members: ReadonlySet<Member>
  readonly isInverted: boolean
}

export class TraceFilter {
  readonly #calls: Choice<Row>
  readonly #signals: Choice<number>
  readonly #statuses: Choice<string>

  /** @throws HvError BAD_ARGUMENT */
  constructor({calls = 'all', signals = 'all', statuses = 'all'}: TraceFilters) {
    this.#calls = choose(calls, rowsOf)
    this.#signals = choose(signals, signalOf)
    this.#statuses = choose(statuses, statusOf)
  }

  /** @param row undefined for a call that is not in the table: it belongs to `all` and to negated sets */
  takesCall(row: Row | undefined): boolean {
    const {members, isInverted} = this.#calls
    return (row !== undefined && members.has(row)) !== isInverted
  }

  takesSignal(signal: number): boolean {
    return isChosen(this.#signals, signal)
  }

  takesOutcome(kind: Outcome['kind']): boolean {
    return isChosen(this.#statuses, STATUS_OF[kind])
  }

  /** Whether a call is shown depends on its outcome, which is known only at its end. */
  get waitsForOutcome(): boolean {
    return this.#statuses.members.size > 0 || !this.#statuses.isInverted
  }
}

function isChosen<Member>({members, isInverted}: Choice<Member>, member: Member): boolean {
  return members.has(member) !== isInverted
}

/** `a,b`, `!a,b`, `all`, `none`. Each `!` in front inverts the whole. */
function choose<Member>(text: string, membersOf: (word: string) => readonly Member[]): Choice<Member> {
  const list = text.replace(/^!*/, '')
  const isNegated = (text.length - list.length) % 2 === 1
  if (list === 'all') return {members: new Set(), isInverted: !isNegated}
  if (list === 'none') return {members: new Set(), isInverted: isNegated}
  const words = list.split(',').filter((word) => word !== '')
  if (words.length === 0) throw bad(`the set ${JSON.stringify(text)} is empty`, 'name something, or `all`')
  return {members: new Set(words.flatMap(membersOf)), isInverted: isNegated}
}

/** A name, `%class`, `/regular expression`, a number; after `?`, an unknown one is ignored. */
function rowsOf(word: string): readonly Row[] {
  const name = word.replace(/^\?+/, '')
  const rows = matching(name)
  // A class may be empty.
  if (rows.length > 0 || name !== word || classOf(name) !== undefined) return rows
  throw bad(
    `no system call or class ${JSON.stringify(name)}`,
    'give a name that man 2 syscalls has, or a class: %file, %desc, %memory …',
  )
}

const rows: readonly Row[] = [...table, ...unanswered]

function matching(name: string): readonly Row[] {
  if (/^\d+$/.test(name)) return rows.filter((row) => row[arch.name] === Number(name))
  if (name.startsWith('/')) {
    const pattern = expression(name.slice(1))
    return rows.filter((row) => pattern.test(row.name))
  }
  const inClass = classOf(name)
  return rows.filter(inClass ?? ((row) => row.name === name))
}

function expression(source: string): RegExp {
  try {
    return new RegExp(source)
  } catch (error) {
    throw bad(`/${source} is no regular expression`, 'JavaScript’s are taken: `/^get`', error)
  }
}

/** `SIGINT`, `INT` or `2`. */
function signalOf(word: string): readonly number[] {
  const name = word.toUpperCase()
  for (let signal = 1; signal <= NSIG; signal++) {
    if ([String(signal), signalName(signal), signalName(signal).replace(/^SIG/, '')].includes(name))
      return [signal]
  }
  throw bad(`no signal ${JSON.stringify(word)}`, 'write it as SIGINT, INT or 2')
}

function statusOf(word: string): readonly string[] {
  if (STATUSES.includes(word)) return [word]
  throw bad(`no status ${JSON.stringify(word)}`, `choose of ${STATUSES.join(', ')}`)
}

function bad(message: string, nextStep: string, cause?: unknown): HvError {
  return new HvError('BAD_ARGUMENT', message, nextStep, {cause})
}
