// The table's `promises` column: every row says what it needs, and paths are walked for no more than that.

import {describe, expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {O_CREAT, O_RDWR} from '../../../../src/abi/open-flags.ts'
import type {Row} from '../../../../src/sentry/core/syscall.ts'
import {byArguments} from '../../../../src/sentry/pledge/by-arguments.ts'
import {
  hasPath,
  lackingClause,
  parseClauses,
  requirementOf,
} from '../../../../src/sentry/pledge/requirements.ts'
import {needsOf} from '../../../../src/sentry/pledge/walk-policy.ts'
import {inotifyInit1} from '../../../../src/sentry/syscalls/inotify.ts'
import {table} from '../../../../src/sentry/syscalls/table.ts'
import type {Intent, PathPolicy} from '../../../../src/vfs/path-policy.ts'
import {SimulatedTask} from '../syscalls/simulated-task.ts'

const OPEN_HOW_SIZE = 24
const isRefused = ({support}: Row) => typeof support === 'object' && 'refused' in support
const rowNamed = (name: string) => table.find((row) => row.name === name)!

describe('the column', () => {
  test('is written in known words', () => {
    for (const row of table) expect(() => requirementOf(row), row.name).not.toThrow()
  })

  test('lets a call alone that is refused whatever is promised, and no other', () => {
    const alone = table.filter((row) => row.promises === 'refused')
    expect(alone.length).toBeGreaterThan(10)
    expect(alone.filter((row) => !isRefused(row))).toEqual([])
  })

  test('lets few calls through without a promise', () => {
    const always = table.filter((row) => row.promises === 'always').map(({name}) => name)
    expect(always.sort()).toEqual([
      'exit',
      'exit_group',
      'futex',
      'futex_waitv',
      'pledge',
      'restart_syscall',
      'xpledge',
    ])
  })

  test('uses each function of the arguments', () => {
    const used = new Set(table.map(({promises}) => promises))
    expect(Object.keys(byArguments).filter((word) => !used.has(word))).toEqual([])
  })
})

describe('clauses', () => {
  const lacking = (text: string, ...promises: string[]) =>
    lackingClause(parseClauses(text), new Set(promises) as never)

  test('are all needed, and any of their names will do', () => {
    expect(lacking('stdio proc|id', 'stdio', 'id')).toBeUndefined()
    expect(lacking('stdio proc|id', 'stdio')).toEqual(['proc', 'id'])
    expect(lacking('stdio proc|id', 'proc')).toEqual(['stdio'])
    expect(lacking('')).toBeUndefined()
  })

  test('of unknown promises are a mistake', () => {
    expect(() => parseClauses('stdoi')).toThrow('there is no promise stdoi')
  })
})

describe('paths', () => {
  /** The intents of the call's walks. */
  function intentsOf(row: Row, flags: number): Intent[] {
    const simulated = new SimulatedTask()
    const intents: Intent[] = []
    const policy: PathPolicy = {
      enter: () => {},
      reach: (_, intent) => void intents.push(intent),
      fail: (_directory, _rest, intent) => void intents.push(intent),
    }
    Object.defineProperty(simulated.task.process.restrictions, 'pathPolicy', {value: policy})
    const how = simulated.int64s(flags, 0, 0)
    const args = row.args.split(' ').map((kind) => {
      if (kind === 'path') return '/file'
      // The call checks these before the path: an inotify descriptor, and what to watch for.
      if (row.name === 'inotify_add_watch') return kind === 'fd' ? simulated.call(inotifyInit1, 0) : 1
      if (kind === 'str') return 'r'
      if (kind === 'dirfd') return AT_FDCWD
      if (kind === 'openflags') return flags
      if (kind === 'open_how' || kind === 'in') return how
      return kind === 'size' ? OPEN_HOW_SIZE : 0
    })
    simulated.call(row.run, ...args)
    return intents
  }

  const walking = table.filter((row) => hasPath(row) && row.promises !== 'refused' && row.name !== 'unveil')
  test.each(walking.filter((row) => !/^exec/.test(row.name)))('$name walks for what its row says', (row) => {
    const says = row.promises in byArguments ? 'rpath cpath' : row.promises
    const named = parseClauses(says).flat()
    const intents = [...intentsOf(row, 0), ...intentsOf(row, O_RDWR | O_CREAT)]
    expect(intents).not.toEqual([])
    expect(intents.flatMap(needsOf).filter((name) => !named.includes(name))).toEqual([])
  })

  test('are left to the walk', () => {
    expect(requirementOf(rowNamed('openat'))).toEqual({kind: 'fixed', clauses: []})
    expect(requirementOf(rowNamed('fchmodat'))).toEqual({kind: 'fixed', clauses: [['fattr']]})
    expect(requirementOf(rowNamed('getdents64'))).toEqual({kind: 'fixed', clauses: [['rpath']]})
  })
})
