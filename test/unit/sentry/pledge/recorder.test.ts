// PromiseRecorder: the promises that calls needed, as narrow as possible, and that they suffice.

import {expect, test} from 'vitest'
import {AT_FDCWD} from '../../../../src/abi/at-flags.ts'
import {ALL_CAPABILITIES} from '../../../../src/abi/capability.ts'
import {O_CREAT, O_RDONLY, O_RDWR} from '../../../../src/abi/open-flags.ts'
import {arch} from '../../../../src/arch/index.ts'
import {PromiseRecorder} from '../../../../src/sentry/pledge/recorder.ts'
import {PledgedTask} from './pledged-task.ts'

const OWNER = {uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES}

type Actions = (t: PledgedTask) => void

function prepared(): PledgedTask {
  const t = new PledgedTask()
  t.tmpfs.root.mkdir('tmp', 0o777, OWNER)
  t.tmpfs.root.mkdir('etc', 0o755, OWNER).create('passwd', 0o644, OWNER)
  return t
}

function suggestionFor(actions: Actions): string {
  const t = prepared()
  const recorder = new PromiseRecorder(t.task)
  actions(t)
  return recorder.suggestion()
}

const open = (t: PledgedTask, path: string, flags = O_RDONLY) =>
  t.make('openat', AT_FDCWD, path, arch.kernelAbi.openFlags(flags), 0o600)

test.each<[string, Actions]>([
  ['', (t) => t.make('pledge', 0, 0)],
  ['stdio', (t) => t.make('getpid')],
  ['stdio', (t) => [t.make('getpid'), open(t, '/etc/localtime'), open(t, '/dev/null')]],
  ['stdio rpath', (t) => [t.make('getpid'), open(t, '/etc')]],
  ['rpath', (t) => open(t, '/none/none')],
  ['getpw', (t) => open(t, '/etc/passwd')],
  // rpath is needed anyway, and suffices.
  ['rpath', (t) => [open(t, '/etc/passwd'), open(t, '/etc')]],
  ['tmppath', (t) => open(t, '/tmp/new', O_RDWR | O_CREAT)],
  ['rpath wpath cpath', (t) => open(t, '/new', O_RDWR | O_CREAT)],
  ['rpath wpath cpath', (t) => [open(t, '/tmp/new', O_RDWR | O_CREAT), open(t, '/new', O_RDWR | O_CREAT)]],
  ['proc', (t) => t.make('setpriority', 0, 0, 0)],
  ['id', (t) => [t.make('setpriority', 0, 0, 0), t.make('setuid', 0)]],
  ['prot_exec', (t) => t.make('mmap', 0, 4096, 5, 0x22, -1, 0)],
  [
    'rpath tmppath fattr',
    (t) => [open(t, '/tmp/new', O_RDWR | O_CREAT), t.make('fchmodat', AT_FDCWD, '/etc', 0o755)],
  ],
])('suggests %j, and that is enough', (suggestion, actions) => {
  expect(suggestionFor(actions)).toBe(suggestion)

  const results: unknown[] = []
  const t = prepared().pledge(suggestion)
  const make = t.make.bind(t)
  t.make = (name, ...args) => {
    const result = make(name, ...args)
    results.push(result)
    return result
  }
  actions(t)
  expect(results.filter((result) => typeof result === 'string')).toEqual([])
})
